import { type NodeStatus, RaftKvError, type Replication } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { Cluster, Pace } from "./cluster.ts";
import { promotionObstacle } from "./promotion-obstacle.ts";

export interface CatchUpGoal {
  readonly nodeId: number;
  readonly memberId: string;
  /** `caughtUp`: it holds what the leader's log held a moment ago. `voter`: the leader has promoted it. */
  readonly until: "caughtUp" | "voter";
  /** Without progress for so long, it is given up. */
  readonly stallTimeoutMs: number;
}

/** Where it stands. */
export interface CatchUpProgress {
  readonly nodeId: number;
  /** From 0 to 1: of the snapshot while one is on its way, else of the log. */
  readonly fraction: number;
  /** Undefined: no leader was reached, or it has nothing to tell yet. */
  readonly replication: Replication | undefined;
  /** How long nothing has moved. */
  readonly stalledMs: number;
  /** Why there is nothing to tell. */
  readonly problem: string | undefined;
  /** What stands between a learner that keeps up and its vote; undefined: nothing that can be seen. */
  readonly obstacle: string | undefined;
}

/** The operator wants it to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const lookEveryMs = 200;

/**
 * Waits until a member has caught up, and tells of each look. Throws `Interrupted` once `signal` fires, and a CommandError
 * where the member makes no progress or is none any more.
 */
export async function awaitCatchUp(
  { cluster, pace }: { readonly cluster: Cluster; readonly pace: Pace },
  goal: CatchUpGoal,
  signal: AbortSignal,
  report: (progress: CatchUpProgress) => void,
): Promise<void> {
  const watch = new CatchUpWatch(goal, pace);
  for (;;) {
    if (signal.aborted) throw new Interrupted("interrupted");
    const seen = await look(cluster, signal);
    if (seen === "interrupted") continue;
    const isDone = watch.take(seen);
    report(watch.progress());
    if (isDone) return;
    if (watch.stalledMs >= goal.stallTimeoutMs) throw watch.stalled();
    await pace.wait(lookEveryMs, signal);
  }
}

/** The leader's status, or why there is none. */
async function look(cluster: Cluster, signal: AbortSignal): Promise<NodeStatus | RaftKvError | "interrupted"> {
  try {
    return await cluster.leader({ signal, timeoutMs: 1_000 });
  } catch (error) {
    if (!(error instanceof RaftKvError)) throw error;
    return error.code === "ABORTED" ? "interrupted" : error;
  }
}

/** What has been seen of a member that catches up. */
class CatchUpWatch {
  readonly #goal: CatchUpGoal;
  readonly #pace: Pace;
  #movedAtMs: number;
  #replication: Replication | undefined;
  #problem: string | undefined;
  #obstacle: string | undefined;
  /** The last index of the log at the look before, and in which term. */
  #target: { readonly term: number; readonly index: number } | undefined;
  #firstMatch: number | undefined;
  #lastIndex = 0;

  constructor(goal: CatchUpGoal, pace: Pace) {
    this.#goal = goal;
    this.#pace = pace;
    this.#movedAtMs = pace.now();
  }

  get stalledMs(): number {
    return this.#pace.now() - this.#movedAtMs;
  }

  /** True: the goal is reached. */
  take(seen: NodeStatus | RaftKvError): boolean {
    this.#obstacle = undefined;
    if (seen instanceof RaftKvError) {
      this.#problem = seen.code === "DEADLINE_EXCEEDED" ? "no leader is reached" : seen.message;
      return false;
    }
    const { nodeId, memberId, until } = this.#goal;
    const member = seen.members.find((other) => other.nodeId === nodeId && other.memberId === memberId);
    if (member === undefined) {
      throw new CommandError(`node ${nodeId} is no member any more: somebody else has removed it`, exitCodes.refused);
    }
    const replication = seen.replication.find((other) => other.nodeId === nodeId);
    if (hasMoved(this.#replication, replication)) this.#movedAtMs = this.#pace.now();
    this.#problem = replication === undefined ? "the leader has not heard of it yet" : undefined;
    this.#replication = replication;
    this.#firstMatch ??= replication?.matchIndex;
    this.#lastIndex = seen.lastIndex;
    const isVoter = !member.learner && !seen.joint && seen.membershipCommitted;
    const keepsUp = replication !== undefined && this.#keepsUp(replication, seen);
    this.#target = { term: seen.term, index: seen.lastIndex };
    if (until === "caughtUp") return keepsUp;
    if (keepsUp && member.learner) this.#obstacle = promotionObstacle(seen, nodeId);
    return isVoter;
  }

  progress(): CatchUpProgress {
    const { nodeId } = this.#goal;
    return {
      nodeId,
      fraction: this.#fraction(),
      replication: this.#replication,
      stalledMs: this.stalledMs,
      problem: this.#problem,
      obstacle: this.#obstacle,
    };
  }

  stalled(): CommandError {
    const { nodeId, stallTimeoutMs } = this.#goal;
    const why = this.#problem ?? this.#obstacle ?? whyStalled(this.#replication);
    const message = `node ${nodeId} has made no progress for ${Math.round(stallTimeoutMs / 1_000)} s: ${why}`;
    return new CommandError(message, exitCodes.unavailable);
  }

  /** A round of catching up (dissertation, section 4.2.1) that took no longer than one look. */
  #keepsUp({ state, matchIndex, recentlyActive }: Replication, { term, lastIndex }: NodeStatus): boolean {
    if (state !== "replicate" || !recentlyActive) return false;
    return matchIndex >= lastIndex || (this.#target?.term === term && matchIndex >= this.#target.index);
  }

  #fraction(): number {
    const { snapshot, matchIndex = 0 } = this.#replication ?? {};
    if (snapshot !== undefined) return Math.min(1, snapshot.bytesSent / snapshot.bytes);
    const first = this.#firstMatch ?? 0;
    const all = this.#lastIndex - first;
    return all <= 0 ? Number(this.#lastIndex > 0) : Math.min(1, Math.max(0, (matchIndex - first) / all));
  }
}

/** A new leader begins to count anew: any difference is a sign of life. */
function hasMoved(before: Replication | undefined, now: Replication | undefined): boolean {
  if (now === undefined) return false;
  return (
    before === undefined ||
    now.matchIndex !== before.matchIndex ||
    now.state !== before.state ||
    now.snapshot?.bytesSent !== before.snapshot?.bytesSent
  );
}

function whyStalled(replication: Replication | undefined): string {
  if (replication?.recentlyActive === false) return "it does not answer";
  return replication === undefined ? "no leader was reached" : `it is ${replication.lagEntries} entries behind`;
}
