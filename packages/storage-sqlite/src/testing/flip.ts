import { readFileSync, writeFileSync } from "node:fs";

/** Turns over one bit of a file. */
export function flipBit(file: string, position: number): void {
  const content = readFileSync(file);
  const byte = Math.floor(position / 8);
  content[byte] = (content[byte] ?? 0) ^ (1 << (position % 8));
  writeFileSync(file, content);
}
