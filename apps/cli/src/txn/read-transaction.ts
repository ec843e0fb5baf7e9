import { createReadStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { SECTIONS } from "./parse-transaction.ts";

/** The text of a file, or of standard input; a person at a terminal is told what is expected. */
export async function readTransaction(file: string | undefined): Promise<string> {
  if (file !== undefined && file !== "-") return text(createReadStream(file, "utf8"));
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
