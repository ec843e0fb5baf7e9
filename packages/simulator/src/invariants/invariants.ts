import type { ConsensusStatus, NodeId } from "@raftkv/raft-core";
import { acknowledgedIsKept } from "./acknowledged-is-kept.ts";
import { appliedIsCommitted } from "./applied-is-committed.ts";
import { ClusterView } from "./cluster-view.ts";
import { commitSafety } from "./commit-safety.ts";
import { commitsOwnTerm } from "./commits-own-term.ts";
import { durableBeforeTold } from "./durable-before-told.ts";
import { durableIsKept } from "./durable-is-kept.ts";
import { electedByQuorum } from "./elected-by-quorum.ts";
import { electionSafety } from "./election-safety.ts";
import { BrokenInvariant, type Invariant } from "./invariant.ts";
import { leaderAppendOnly } from "./leader-append-only.ts";
import { leaderCompleteness } from "./leader-completeness.ts";
import { logIsTheDisks } from "./log-is-the-disks.ts";
import { logMatching } from "./log-matching.ts";
import { matchIsHeld } from "./match-is-held.ts";
import { matchNeverGoesBack } from "./match-never-goes-back.ts";
import { membershipIsTheLogs } from "./membership-is-the-logs.ts";
import { neverGoesBack } from "./never-goes-back.ts";
import { noEarlyChange } from "./no-early-change.ts";
import type { Observation } from "./observation.ts";
import { oneChangeAtATime } from "./one-change-at-a-time.ts";
import { oneVoteATerm } from "./one-vote-a-term.ts";
import { readsAreFresh } from "./reads-are-fresh.ts";
import { snapshotReachesTheLog } from "./snapshot-reaches-the-log.ts";
import { stateMachineSafety } from "./state-machine-safety.ts";
import { StatusNews } from "./status-news.ts";
import { voteIsTheDisks } from "./vote-is-the-disks.ts";

/** Every invariant, over one run. Keeps the first finding: what comes after it proves nothing. */
export class Invariants {
  readonly view = new ClusterView();
  readonly #all: readonly Invariant[] = [
    electionSafety(),
    oneVoteATerm(),
    logMatching(),
    commitSafety(),
    leaderCompleteness(),
    leaderAppendOnly(),
    neverGoesBack(),
    appliedIsCommitted(),
    stateMachineSafety(),
    durableBeforeTold(),
    matchIsHeld(),
    matchNeverGoesBack(),
    commitsOwnTerm(),
    electedByQuorum(),
    membershipIsTheLogs(),
    durableIsKept(),
    oneChangeAtATime(),
    noEarlyChange(),
    voteIsTheDisks(),
    acknowledgedIsKept(),
    readsAreFresh(),
    logIsTheDisks(),
    snapshotReachesTheLog(),
  ];
  readonly #lookingAt = byKind(this.#all);
  readonly #news = new StatusNews();
  #broken: BrokenInvariant | undefined;

  /** The first that was broken, if any was. */
  get broken(): BrokenInvariant | undefined {
    return this.#broken;
  }

  /** Whether judging this status could find anything; it is to be observed then. */
  isNews(node: NodeId, status: ConsensusStatus): boolean {
    return this.#news.take(node, status, this.view.changes);
  }

  /** Never throws: what is wrong must not look like an error to the code under simulation. */
  observe(observation: Observation): void {
    if (this.#broken !== undefined) return;
    if (observation.kind !== "restored") this.view.observe(observation);
    for (const invariant of this.#lookingAt[observation.kind]) this.#ask(invariant, observation);
    if (observation.kind === "restored") this.view.observe(observation);
  }

  /** Something else that must not happen has happened. */
  breaks(invariant: string, finding: string): void {
    this.#broken ??= new BrokenInvariant(invariant, finding);
  }

  #ask(invariant: Invariant, observation: Observation): void {
    try {
      invariant.observe(observation, this.view);
    } catch (error) {
      this.breaks(invariant.name, error instanceof Error ? error.message : String(error));
    }
  }
}

/** For each kind those that look at it, in their order: most of what happens concerns few of them. */
function byKind(all: readonly Invariant[]): Readonly<Record<Observation["kind"], readonly Invariant[]>> {
  const of = (kind: Observation["kind"]) => all.filter(({ looksAt }) => looksAt.includes(kind));
  return {
    restored: of("restored"),
    writing: of("writing"),
    durable: of("durable"),
    compacted: of("compacted"),
    sent: of("sent"),
    snapshotBegins: of("snapshotBegins"),
    applied: of("applied"),
    state: of("state"),
    readAsked: of("readAsked"),
    readServed: of("readServed"),
    status: of("status"),
  };
}
