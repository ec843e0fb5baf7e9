import { BrokenHistory, failuresOf } from "../broken-history.ts";
import type { Finding } from "../checkers/facts.ts";
import { keyModel } from "../models/key-value-model.ts";

/** Throws a `BrokenHistory` that tells and draws what was found. */
export function assertPromised(findings: readonly Finding[]): void {
  const failures = failuresOf(keyModel, { kind: "linearizable", parts: [], states: 0 }, findings);
  if (failures.length > 0) throw new BrokenHistory(failures);
}
