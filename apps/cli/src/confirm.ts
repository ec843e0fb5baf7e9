import { createInterface } from "node:readline/promises";
import { CommandError } from "./command-error.ts";
import { exitCodes } from "./exit-code.ts";

/** Asks on a terminal before something is done that is not easily taken back. Throws where the answer is not yes. */
export async function confirm(question: string, { yes }: { readonly yes: boolean }): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new CommandError(
      `"${question}" is asked first, and standard input is no terminal: add --yes`,
      exitCodes.usage,
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `).catch(() => undefined);
    if (answer === undefined)
      process.stderr.write("\n"); // Ctrl-C leaves the line open.
    else if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw new CommandError("nothing was done", exitCodes.usage);
}
