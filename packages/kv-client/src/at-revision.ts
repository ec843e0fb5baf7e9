import { count } from "./count.ts";

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
