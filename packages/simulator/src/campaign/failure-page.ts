import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const failures = new URL("../../failures/", import.meta.url);

/** Keeps the page that draws why a seed's history is broken. Answers the file. */
export function writeFailurePage(seed: number, page: string): string {
  mkdirSync(failures, { recursive: true });
  const file = fileURLToPath(new URL(`seed-${seed}.html`, failures));
  writeFileSync(file, page);
  return file;
}
