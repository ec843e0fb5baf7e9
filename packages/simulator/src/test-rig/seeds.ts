import { execFileSync } from "node:child_process";

/** Whole numbers drawn from the present commit: new ground with each, and the same again for the same. */
export function freshSeeds(count: number): readonly number[] {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  const first = Number.parseInt(commit.slice(0, 8), 16) % 1_000_000_000;
  return Array.from({ length: count }, (_, offset) => first + offset);
}
