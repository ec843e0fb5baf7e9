import { ConnectError } from "@connectrpc/connect";
import type { Formation, Introduction } from "@raftkv/transport-connect";
import type { Newcomer } from "../forming/founder.ts";
import { judgeMembers, type MemberAnswer } from "./judge-members.ts";

export interface JoiningOptions {
  readonly self: Newcomer;
  /** Where members are; some of them are enough. */
  readonly addresses: readonly string[];
  /** Asks who listens there. Rejects if nobody answers in time. */
  readonly introduce: (address: string, signal: AbortSignal) => Promise<Introduction>;
  /** Called after each round in which it was no member yet, with what is in the way of that. */
  readonly onWaiting: (obstacles: readonly string[]) => void;
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  readonly pause: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

const firstPauseMs = 100;
const longestPauseMs = 500;

/**
 * Resolves with the cluster once that has this fresh data directory among its members; the caller makes it durable.
 * Never forms one. Waits as long as it takes: adding a node is an operator's decision. Rejects with a `NodeFailure` where
 * the addresses belong to different clusters, and with the signal's reason.
 */
export async function awaitMembership(options: JoiningOptions, signal: AbortSignal): Promise<Formation> {
  let pauseMs = firstPauseMs;
  for (;;) {
    const answers = await Promise.all(options.addresses.map((address) => ask(address, options, signal)));
    signal.throwIfAborted();
    const verdict = judgeMembers(options.self, answers);
    if (verdict.kind === "added") return verdict.formation;
    options.onWaiting(verdict.obstacles);
    await options.pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

async function ask(address: string, { introduce }: JoiningOptions, signal: AbortSignal): Promise<MemberAnswer> {
  try {
    return { kind: "introduced", address, introduction: await introduce(address, signal) };
  } catch (error) {
    return { kind: "unreachable", address, reason: ConnectError.from(error).rawMessage };
  }
}
