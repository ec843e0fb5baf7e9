import { count } from "./count.ts";
import { RaftKvError } from "./error.ts";

export interface AtRevisionOptions {
  /**
   * The store as it was at this revision, from 1 on. COMPACTED where that is not known any more, FUTURE_REVISION where it
   * has not come yet. What the read must see counts as for other reads: a node that is behind may not have come to it.
   */
  readonly atRevision?: number;
}

/** 0: the present revision. Throws INVALID_ARGUMENT. */
export function atRevision(options: AtRevisionOptions): number {
  return options.atRevision === undefined ? 0 : count("atRevision", options.atRevision, 1, Number.MAX_SAFE_INTEGER);
}

/** A node of a version without history does not know `atRevision`, and answers with the present. */
export function noHistory(call: string, atRevision: number): RaftKvError {
  return new RaftKvError(
    "NO_HISTORY",
    `${call}: the answer is not from revision ${atRevision}, as some nodes of the cluster run a version without history: ` +
      "upgrade them all",
  );
}
