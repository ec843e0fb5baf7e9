import type { HardState, Index, SnapshotMetadata, TermRun } from "./entry.ts";
import type { Membership } from "./membership.ts";

/** What a restart needs to know. */
export interface RestoredState {
  readonly hardState: HardState;
  /** The log starts after this point. A new cluster starts at index 0, term 0, with the bootstrap membership. */
  readonly base: SnapshotMetadata;
  readonly lastIndex: Index;
  /** The terms of the entries above the base, ascending. */
  readonly termRuns: readonly TermRun[];
  /** Every membership entry above the base, ascending. */
  readonly memberships: readonly { readonly index: Index; readonly membership: Membership }[];
}
