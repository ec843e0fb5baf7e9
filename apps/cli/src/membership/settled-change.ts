import { type Membership, type MembershipStep, RaftKvError } from "@raftkv/kv-client/admin";
import type { Cluster, Pace } from "./cluster.ts";

export interface SettledChangeOptions {
  /** Of one attempt, and how long to wait for a change before this one. */
  readonly timeoutMs: number;
  readonly force?: boolean;
}

const lookEveryMs = 100;

/**
 * Changes the membership, after the change before it: that may be a matter of milliseconds, as when a learner is promoted.
 * A joint membership that stays until it is left is not waited for.
 */
export async function changeOnceSettled(
  { cluster, pace }: { readonly cluster: Cluster; readonly pace: Pace },
  steps: readonly MembershipStep[],
  { timeoutMs, force = false }: SettledChangeOptions,
): Promise<Membership> {
  const deadline = pace.now() + timeoutMs;
  for (;;) {
    try {
      return await cluster.changeMembership(steps, { timeoutMs, force });
    } catch (error) {
      const inTheWay = error instanceof RaftKvError && error.code === "CHANGE_IN_PROGRESS" && !error.outcomeUnknown;
      if (!inTheWay || pace.now() >= deadline) throw error;
      const { leavesOnRequest } = await cluster.leader({ timeoutMs });
      if (leavesOnRequest) throw error;
      await pace.wait(lookEveryMs);
    }
  }
}
