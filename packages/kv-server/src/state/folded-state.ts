import type { Counters } from "./counters.ts";
import type { Generations } from "./generations.ts";
import type { LeaseState, LeaseTable } from "./leases/lease-table.ts";
import type { Present } from "./present.ts";
import type { SessionTable } from "./session-table.ts";
import type { StateMarks } from "./state-marks.ts";

/** What commands are folded into. */
export interface FoldTarget {
  readonly counters: Counters;
  readonly sessions: SessionTable;
  readonly generations: Generations;
  readonly leaseState: LeaseState;
  readonly marks: Pick<StateMarks, "noteRevision">;
}

/** What operations look at and change. */
export interface FoldedState extends FoldTarget {
  readonly present: Present;
  readonly leases: LeaseTable;
  /** Bytes that the answer to the next operation may tell of keys. */
  answerRoom: number;
}
