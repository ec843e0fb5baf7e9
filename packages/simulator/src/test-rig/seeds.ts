import { execFileSync } from "node:child_process";

/** A whole number drawn from the present commit, to count up from: new ground with each, the same again for the same. */
export function freshSeed(): number {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  return Number.parseInt(commit.slice(0, 8), 16) % 1_000_000_000;
}
