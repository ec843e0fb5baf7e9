import { readFileSync } from "node:fs";

/** A change of the algorithm that no test notices. */
export interface Survivor {
  /** In `src/algorithm`. */
  readonly file: string;
  /** The line of code where it begins, without its indent. */
  readonly line: string;
  /** What stands there, and what would stand there instead. */
  readonly change: string;
}

export interface ExplainedSurvivor extends Survivor {
  /** Why no test can, or need, notice it. */
  readonly reason: string;
}

/** By file and line, what is explained by one reason. */
interface Explanation {
  readonly reason: string;
  readonly mutants: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** What `survivors.json` explains, one by one. */
export function survivorList(): readonly ExplainedSurvivor[] {
  const text = readFileSync(new URL("./survivors.json", import.meta.url), "utf8");
  const explanations: readonly Explanation[] = JSON.parse(text);
  return explanations.flatMap(({ reason, mutants }) =>
    Object.entries(mutants).flatMap(([file, lines]) =>
      Object.entries(lines).flatMap(([line, changes]) => changes.map((change) => ({ file, line, change, reason }))),
    ),
  );
}
