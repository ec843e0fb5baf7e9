import type { HistorySummary } from "./history/history-recorder.ts";
import type { BrokenInvariant } from "./invariants/invariant.ts";
import type { Wrappers } from "./machine/wrappers.ts";
import type { Coverage } from "./observed/coverage.ts";
import type { Plan } from "./plan/plan.ts";
import type { Skipped } from "./plan/skipped.ts";
import type { Stage } from "./scenarios/stage.ts";

export interface SimulationOptions {
  /** A whole number: decides everything about the run. */
  readonly seed: number;
  /** Events before the faults end for good and the cluster has to recover. */
  readonly steps: number;
  /** Changes what the seed has drawn: the size of the cluster, say, or the faults. */
  readonly adjust?: (drawn: Plan) => Plan;
  /** What does not happen, though it was drawn. */
  readonly skipped?: Skipped;
  /** Receives the trace, line by line. */
  readonly lines?: string[];
  /** What is put around the real parts of every node. */
  readonly wrappers?: Wrappers;
  /** A story that takes the place of the faults at random; `steps` is then what it may take at most. */
  readonly script?: (stage: Stage) => Promise<void>;
}

/** What a run was, and whether anything went wrong. */
export interface SimulationReport {
  readonly seed: number;
  /** What did not hold first; undefined: everything held. */
  readonly failure: BrokenInvariant | undefined;
  /** Draws why what clients saw is broken: a page of HTML. Undefined where it is not. */
  readonly historyPage: string | undefined;
  /** Of all that happened: equal for equal runs. */
  readonly traceHash: string;
  readonly plan: Plan;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly committed: number;
  readonly history: HistorySummary;
  /** Ranges, histories, reads of the past and compactions that were answered or refused. */
  readonly stateReads: number;
  /** Revisions, and marks of progress, that watches were told. */
  readonly watchesTold: number;
  /** Transactions that were answered. */
  readonly transactions: number;
  /** Calls about leases that were answered. */
  readonly leaseCalls: number;
  /** How often a lock, an election or a permit was held. */
  readonly locksHeld: number;
  /** The same by `LockService` and `ElectionService`. */
  readonly serviceLocksHeld: number;
  /** How often somebody was told who leads an election. */
  readonly leadersTold: number;
  /** How often a node told what its whole state is, to somebody who had it checked. */
  readonly statesTold: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What was done to the membership, and what came of it. */
  readonly membershipActions: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
  /** How many faults, actions on the membership and operations there were, skipped ones included. */
  readonly happened: Readonly<Record<keyof Skipped, number>>;
}
