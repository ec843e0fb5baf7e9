import { systemClock } from "@raftkv/raft-core";
import { AutoCompaction, DEFAULT_HISTORY_POLICY } from "./auto-compaction.ts";
import { LeaderDuty, type LeaderDutyOptions } from "./leader-duty.ts";
import { LeaseExpiry } from "./lease-expiry.ts";
import { DEFAULT_CHECK_INTERVAL_MS, PeriodicCheck } from "./periodic-check.ts";
import type { ServiceContext } from "./service-context.ts";

const RAISE_INTERVAL_MS = 5_000;

export type Duty = Pick<LeaderDuty, "close">;

/** What a node does while it leads, unasked. */
export function leaderDuties({ options, leadership, applyVersion }: ServiceContext): readonly Duty[] {
  const { consensus, state } = options;
  const clock = options.clock ?? systemClock;
  const policy = { ...DEFAULT_HISTORY_POLICY, ...options.history };
  const compaction = new AutoCompaction({ policy, consensus, state, clock });
  const check = new PeriodicCheck({ consensus, state, everyMs: options.checkIntervalMs ?? DEFAULT_CHECK_INTERVAL_MS });
  const duty = (intervalMs: number, round: LeaderDutyOptions["round"]) =>
    new LeaderDuty({ leadership, clock, intervalMs, round });
  return [
    duty(RAISE_INTERVAL_MS, (term, signal) => applyVersion.round(term, signal)),
    duty(compaction.intervalMs, async (term) => {
      await compaction.round(term);
      await check.round(term);
    }),
    new LeaseExpiry({ leadership, consensus, state, clock }),
  ];
}
