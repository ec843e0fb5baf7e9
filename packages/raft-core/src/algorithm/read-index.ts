import { learnCommit } from "./append.ts";
import type { Index, NodeId, Term } from "./entry.ts";
import { beginRound } from "./heartbeat.ts";
import type { ReadId } from "./input.ts";
import type { ReadIndexRequest, ReadIndexResponse } from "./message.ts";
import { quorumValue } from "./quorum.ts";
import { knownLeader, type LeaderState, type RaftState } from "./role-state.ts";
import { send, sendTo } from "./send.ts";

/** A linearizable read was asked for at this node (dissertation, section 6.4). */
export function handleRead(state: RaftState, id: ReadId): void {
  if (state.role.kind === "leader") {
    state.role.reads.addLocal(id);
    return;
  }
  if (isLeaderless(state) || !state.reads.add(id)) state.effects.read({ kind: "dropped", id });
}

export function handleCancelRead(state: RaftState, id: ReadId): void {
  if (state.role.kind === "leader") state.role.reads.cancel(id);
  else state.reads.cancel(id);
}

/**
 * Another node's read. Only a leader answers; others stay silent, and the asking node asks whoever leads. A node that has
 * lost its disk counts incarnations and reads anew: what its former self has asked, late, must not answer its reads.
 */
export function handleReadIndexRequest(
  state: RaftState,
  from: NodeId,
  fromMemberId: string | undefined,
  { context }: ReadIndexRequest,
): void {
  if (state.role.kind !== "leader") return;
  state.role.reads.addForwarded({ from, fromMemberId, context });
}

/** The index is the leader's commit index: whoever waits for it to be applied need not wait for other news of it. */
export function handleReadIndexResponse(state: RaftState, from: NodeId, response: ReadIndexResponse): void {
  if (response.context.incarnation !== state.config.incarnation) return;
  learnCommit(state, from, response.index);
  for (const id of state.reads.answered(response.context.sequence)) {
    state.effects.read({ kind: "ready", id, index: response.index });
  }
}

/** Time has passed for reads at a node that does not lead: without a leader they are not kept for long. */
export function tickReads(state: RaftState, elapsedMs: number): void {
  state.reads.tick(elapsedMs, knownLeader(state) !== undefined);
  if (!isLeaderless(state)) return;
  for (const id of state.reads.takeAll()) state.effects.read({ kind: "dropped", id });
}

/** What a leader may read by without asking anybody. */
export interface ReadLease {
  readonly term: Term;
  /** The state must have reached it. */
  readonly index: Index;
  /** On the clock that the `clock` inputs read. Infinity: nobody else has a vote. */
  readonly untilMs: number;
}

/** A lease tells nothing before an entry of this term is committed: until then it is not known what is. */
export function readLease({ role, hardState, memberships, config }: RaftState): ReadLease | undefined {
  if (role.kind !== "leader" || role.lease === undefined || hardState.commit < role.noopIndex) return undefined;
  const untilMs = role.lease.untilMs(memberships.newest(), config.nodeId);
  return { term: hardState.term, index: hardState.commit, untilMs };
}

/** At a turn's end: the reads that have gathered share one round, or one request to the leader. */
export function advanceReads(state: RaftState): void {
  const { role, hardState } = state;
  if (role.kind === "leader") {
    const { reads } = role;
    if (reads.hasQueued && !reads.isRunning && hardState.commit >= role.noopIndex) beginRound(state, role);
    return;
  }
  if (role.kind === "follower" && role.leader !== undefined) askLeader(state, role.leader);
}

/** Answers every read whose round a quorum has answered: nobody else can have led when the round began. */
export function answerReads(state: RaftState, leader: LeaderState): void {
  if (!leader.reads.isRunning) return;
  const acknowledged = quorumValue(state.memberships.newest(), (voter) =>
    voter === state.config.nodeId ? leader.round : (leader.progress.get(voter)?.ackedRound ?? 0),
  );
  const { term } = state.hardState;
  for (const { index, local, forwarded } of leader.reads.complete(acknowledged)) {
    for (const id of local) state.effects.read({ kind: "ready", id, index });
    for (const { from, fromMemberId, context } of forwarded) {
      const asker = fromMemberId === undefined ? { to: from } : { to: from, toMemberId: fromMemberId };
      sendTo(state, asker, { kind: "readIndexResponse", term, context, index });
    }
  }
}

function askLeader(state: RaftState, leader: NodeId): void {
  const { incarnation, heartbeatIntervalMs } = state.config;
  const { term } = state.hardState;
  for (const sequence of state.reads.takeDue(heartbeatIntervalMs)) {
    send(state, leader, { kind: "readIndexRequest", term, context: { incarnation, sequence } });
  }
}

function isLeaderless(state: RaftState): boolean {
  return state.reads.leaderlessMs >= state.config.electionTimeoutMaxMs;
}
