import { ConnectError } from "@connectrpc/connect";
import type { Index, Membership } from "@raftkv/raft-core";
import type { Formation, Introduction } from "@raftkv/transport-connect";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import type { Founder, Newcomer } from "./founder.ts";
import { type Answer, judgeRound } from "./judge-round.ts";

export interface FormingOptions {
  readonly self: Newcomer;
  /** Every founder but this node. */
  readonly others: readonly Founder[];
  /** Asks who listens there. Rejects if nobody answers in time. */
  readonly introduce: (founder: Founder, signal: AbortSignal) => Promise<Introduction>;
  readonly newClusterId: () => string;
  /** Called after each round that decided nothing, with what it waits for. */
  readonly onWaiting: (reasons: readonly string[]) => void;
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  readonly pause: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

const firstPauseMs = 50;
const longestPauseMs = 250;

/**
 * Resolves with the cluster that this fresh data directory belongs to; the caller makes it durable before it tells
 * anybody. Rejects with a `NodeFailure` (refused) if there is a cluster that does not know this data directory, and
 * with the signal's reason. Waits as long as it takes: a cluster forms once, when all its founders have met.
 */
export async function formCluster(options: FormingOptions, signal: AbortSignal): Promise<Formation> {
  let pauseMs = firstPauseMs;
  for (;;) {
    const answers = await Promise.all(options.others.map((founder) => ask(founder, options, signal)));
    signal.throwIfAborted();
    const verdict = judgeRound(options.self, answers);
    switch (verdict.kind) {
      case "adopt":
        return verdict.formation;
      case "decide":
        return newFormation(options.newClusterId(), verdict.membership, options.self.restoredIndex);
      case "refused":
        throw new NodeFailure(exitCodes.refused, verdict.message);
      case "wait":
        options.onWaiting(verdict.reasons);
    }
    await options.pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/**
 * Nothing has happened in the cluster yet. One that begins with a backup begins where that was taken, as if its log had been
 * compacted there: what was the membership at index 0, nobody knows.
 */
function newFormation(clusterId: string, membership: Membership, restoredIndex: Index = 0): Formation {
  const foundingMembership = restoredIndex === 0 ? membership : undefined;
  return { clusterId, membership, foundingMembership, membershipCommitted: true, commitIndex: restoredIndex };
}

async function ask(founder: Founder, { introduce }: FormingOptions, signal: AbortSignal): Promise<Answer> {
  try {
    return { kind: "introduced", founder, introduction: await introduce(founder, signal) };
  } catch (error) {
    return { kind: "unreachable", founder, reason: reasonOf(error) };
  }
}

/** Nothing where the founder just does not run yet. */
function reasonOf(error: unknown): string | undefined {
  const { rawMessage } = ConnectError.from(error);
  return rawMessage.includes("ECONNREFUSED") ? undefined : rawMessage;
}
