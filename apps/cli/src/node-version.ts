import { exitCodes } from "./exit-code.ts";

const required = [22, 13] as const;

/** What to tell who runs this on a Node.js that is too old, which would fail later in words that nobody understands. */
export function nodeVersionProblem(found: string): string | undefined {
  const [major = 0, minor = 0] = found.split(".").map(Number);
  if (major > required[0] || (major === required[0] && minor >= required[1])) return undefined;
  return `raftkv needs Node.js ${required.join(".")} or later, and this is ${found}`;
}

/** Ends the process on a Node.js that is too old. */
export function requireNodeVersion(found: string): void {
  const problem = nodeVersionProblem(found);
  if (problem === undefined) return;
  process.stderr.write(`${problem}\n`);
  process.exit(exitCodes.usage);
}
