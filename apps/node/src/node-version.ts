import { exitCodes } from "./exit/exit-code.ts";

const required = [22, 13] as const;

/** Ends the process on a Node.js that is too old: native packages do not load there, or crash. */
export function requireNodeVersion(found: string): void {
  const [major = 0, minor = 0] = found.split(".").map(Number);
  if (major > required[0] || (major === required[0] && minor >= required[1])) return;
  process.stderr.write(`raftkv-node needs Node.js ${required.join(".")} or later, and this is ${found}\n`);
  process.exit(exitCodes.usage);
}
