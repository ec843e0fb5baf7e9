import type { SimulationReport } from "../simulation.ts";

/** What a thread is asked to run. */
export interface WorkerTask {
  readonly seed: number;
  readonly steps: number;
  /** Whether clients send hundreds of operations at a time. */
  readonly dense: boolean;
}

export interface Failure {
  readonly invariant: string;
  readonly message: string;
  /** Draws a history that is broken: a page of HTML. */
  readonly page: string | undefined;
}

/** What is left of a report on its way from one thread to another. */
export interface RunSummary {
  readonly seed: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly committed: number;
  readonly answeredReads: number;
  readonly answeredWrites: number;
  /** Ranges, histories, reads of the past and compactions that were answered or refused. */
  readonly stateReads: number;
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
  /** Operations that nobody knows the outcome of. */
  readonly unknownOutcomes: number;
  /** Keys whose histories were judged. */
  readonly keys: number;
  readonly faults: number;
  readonly membershipChanges: number;
  readonly disksLost: number;
  readonly failure: Failure | undefined;
}

export function summaryOf(report: SimulationReport): RunSummary {
  const {
    seed,
    steps,
    simulatedMs,
    committed,
    history,
    stateReads,
    transactions,
    leaseCalls,
    locksHeld,
    serviceLocksHeld,
    leadersTold,
    statesTold,
    faults,
    membershipActions,
    failure,
    historyPage: page,
  } = report;
  return {
    seed,
    steps,
    simulatedMs,
    committed,
    answeredReads: history.answeredReads,
    answeredWrites: history.answeredWrites,
    stateReads,
    transactions,
    leaseCalls,
    locksHeld,
    serviceLocksHeld,
    leadersTold,
    statesTold,
    unknownOutcomes: history.unknown,
    keys: history.keys,
    faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
    membershipChanges: membershipActions.changed ?? 0,
    disksLost: membershipActions.wipe ?? 0,
    failure: failure && { invariant: failure.invariant, message: failure.message, page },
  };
}
