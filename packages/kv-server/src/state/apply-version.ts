import { type Answer, refuse } from "./answer.ts";
import { APPLY_VERSION, type Counters, HISTORY_APPLY_VERSION } from "./counters.ts";

/**
 * Entries are applied in a later way from here on. Whoever proposes this has seen that every node knows that way; one
 * that does not would come to another state without a word, and is kept from joining.
 */
export function raiseApplyVersion(counters: Counters, applyVersion: number): Answer {
  if (applyVersion <= counters.applyVersion || applyVersion > APPLY_VERSION) return refuse("invalidApplyVersion");
  if (counters.applyVersion < HISTORY_APPLY_VERSION && applyVersion >= HISTORY_APPLY_VERSION) beginHistory(counters);
  counters.applyVersion = applyVersion;
  return { kind: "raiseApplyVersion", applyVersion };
}

/** What is written from here on is kept; of what was before, the present state. */
function beginHistory(counters: Counters): void {
  counters.compactRevision = counters.revision;
}
