import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { invalidUse } from "../command-error.ts";
import { SECTIONS } from "./parse-transaction.ts";

/** The text of a file, or of standard input; a person at a terminal is told what is expected. */
export async function readTransaction(file: string | undefined): Promise<string> {
  if (file !== undefined && file !== "-") {
    return readFile(file, "utf8").catch((error: unknown) => {
      throw invalidUse(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  return process.stdin.isTTY ? askForTransaction() : text(process.stdin);
}

async function askForTransaction(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const lines: string[] = [];
  let section = 0;
  process.stderr.write(`${SECTIONS[0]}: (an empty line ends them)\n`);
  for await (const line of terminal) {
    lines.push(line);
    if (line.trim() !== "") continue;
    section++;
    const heading = SECTIONS[section];
    if (heading === undefined) break;
    process.stderr.write(`${heading}:\n`);
  }
  terminal.close();
  return lines.join("\n");
}
