import { KvError } from "../kv-error.ts";
import { type Answer, refuse } from "./answer.ts";
import type { EntryContent } from "./command.ts";
import { APPLY_VERSION, type Counters, HISTORY_APPLY_VERSION } from "./counters.ts";

/**
 * Entries are applied in a later way from here on. Whoever proposes this has seen that every node knows that way; one
 * that does not would come to another state without a word, and is kept from joining.
 */
export function raiseApplyVersion(counters: Counters, applyVersion: number): Answer {
  if (applyVersion <= counters.applyVersion) return refuse("invalidApplyVersion");
  if (counters.applyVersion < HISTORY_APPLY_VERSION && applyVersion >= HISTORY_APPLY_VERSION) beginHistory(counters);
  counters.applyVersion = applyVersion;
  return { kind: "raiseApplyVersion", applyVersion };
}

/**
 * Throws `newerFormat` where an entry raises the version to one that this raftkv does not know: whoever proposed it was
 * told otherwise, so this node has been downgraded since. To go on would lead to another state than the others have.
 */
export function checkApplyVersion(content: EntryContent | undefined): void {
  if (content?.kind !== "command" || content.command.sessionId !== 0) return;
  const [first, second] = content.command.operations;
  if (first?.kind !== "raiseApplyVersion" || second !== undefined || first.applyVersion <= APPLY_VERSION) return;
  throw new KvError(
    "newerFormat",
    `the log raises the apply version to ${first.applyVersion}, this version knows up to ${APPLY_VERSION}: ` +
      "start a newer raftkv on this data",
  );
}

/** What is written from here on is kept; of what was before, the present state. */
function beginHistory(counters: Counters): void {
  counters.compactRevision = counters.revision;
}
