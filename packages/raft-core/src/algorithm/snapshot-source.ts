import type { Index, NodeId } from "./entry.ts";
import { follow } from "./follow.ts";
import { allMembers } from "./membership-tracker.ts";
import type { SnapshotReport, SnapshotRequest } from "./message.ts";
import type { Progress } from "./progress.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { send } from "./send.ts";
import type { SnapshotAdvance } from "./snapshot-course.ts";

/** So many of the longest election timeouts: a follower whose machine is busy is not given up for that. */
const maxSilentTimeouts = 5;

/**
 * A follower needs a snapshot: asks another follower for it, so that the leader is spared, or sends it itself. Whoever
 * sends, what it sends is committed, the receiver takes it as the leader's, and its answer to the leader is what counts.
 */
export function startSnapshot(state: RaftState, leader: LeaderState, progress: Progress): void {
  const { config, hardState, log, effects } = state;
  const source = chooseSource(state, leader, progress);
  progress.becomeSnapshot(source);
  const [to, term, atLeast] = [progress.id, hardState.term, log.base.index];
  if (source === config.nodeId) effects.sendSnapshot({ to, term, leader: config.nodeId, atLeast });
  else send(state, source, { kind: "snapshotRequest", term, to, atLeast });
}

/** A follower that sends on the leader's behalf is given up when it is gone, or says nothing any more. */
export function tickSnapshots(state: RaftState, leader: LeaderState): void {
  const limitMs = state.config.electionTimeoutMaxMs;
  for (const progress of leader.progress.values()) {
    const { course } = progress;
    if (progress.state !== "snapshot" || course === undefined || course.source === state.config.nodeId) continue;
    const source = leader.progress.get(course.source);
    const isGone = source === undefined || source.silentMs >= limitMs;
    if (!isGone && course.silentMs < maxSilentTimeouts * limitMs) continue;
    course.sourceLost();
    progress.snapshotEnded(undefined);
  }
}

/** The leader asks this node to send its snapshot to another one. */
export function handleSnapshotRequest(state: RaftState, from: NodeId, request: SnapshotRequest): void {
  follow(state, from, request.term);
  state.effects.sendSnapshot({ to: request.to, term: request.term, leader: from, atLeast: request.atLeast });
}

export function handleSnapshotReport(state: RaftState, from: NodeId, report: SnapshotReport): void {
  const leader = state.role;
  if (leader.kind !== "leader") return;
  const progress = leader.progress.get(report.to);
  if (progress === undefined) return;
  const { outcome, index, bytesSent, bytes } = report;
  if (outcome === "sending") progress.snapshotMoved(from, { index, bytesSent, bytes });
  else progress.snapshotEndedBy(from, outcome === "sent" ? index : undefined, bytesSent);
}

/** A sending of this node's own has moved on. */
export function handleSnapshotMoved(state: RaftState, to: NodeId, { index, bytesSent, bytes }: SnapshotAdvance): void {
  const { role, config } = state;
  const advance = { index, bytesSent, bytes };
  if (role.kind === "leader") role.progress.get(to)?.snapshotMoved(config.nodeId, advance);
  else report(state, to, "sending", advance);
}

/** A sending of this node's own has ended; `at` is where the snapshot stands that the follower now has. */
export function handleSnapshotSent(
  state: RaftState,
  to: NodeId,
  at: Index | undefined,
  { bytesSent, bytes }: Omit<SnapshotAdvance, "index">,
): void {
  const { role, config } = state;
  if (role.kind === "leader") role.progress.get(to)?.snapshotEndedBy(config.nodeId, at, bytesSent);
  else report(state, to, at === undefined ? "failed" : "sent", { index: at ?? 0, bytesSent, bytes });
}

/** To the leader that asked: a sending for another one has been given up. */
function report(state: RaftState, to: NodeId, outcome: SnapshotReport["outcome"], advance: SnapshotAdvance): void {
  const { role, hardState } = state;
  if (role.kind !== "follower" || role.leader === undefined) return;
  send(state, role.leader, { kind: "snapshotReport", term: hardState.term, to, outcome, ...advance });
}

/**
 * Whoever has begun it, to go on. Else another member that follows the log closely: one that sends to fewest others,
 * and among those the one that is furthest, the first of several. The leader itself where there is none, or one was asked to no avail.
 */
function chooseSource(state: RaftState, leader: LeaderState, progress: Progress): NodeId {
  const { config, memberships } = state;
  const { course } = progress;
  if (!config.snapshotsFromFollowers) return config.nodeId;
  const candidates = allMembers(memberships.newest()).filter((id) => maySend(state, leader, id));
  const { preferred } = course ?? {};
  if (preferred !== undefined && (preferred === config.nodeId || candidates.includes(preferred))) return preferred;
  if (course?.hasFailedElsewhere === true) return config.nodeId;
  const ranked = candidates
    .map((id) => ({ id, busy: sendingFrom(leader, id), match: leader.progress.get(id)?.match ?? 0 }))
    .sort((one, other) => one.busy - other.busy || other.match - one.match);
  return ranked[0]?.id ?? config.nodeId;
}

function maySend({ config, log }: RaftState, leader: LeaderState, id: NodeId): boolean {
  const progress = leader.progress.get(id);
  if (progress === undefined) return false;
  const isClose = progress.state === "replicate" && progress.match >= log.base.index;
  return isClose && progress.isAlive(config.electionTimeoutMaxMs);
}

function sendingFrom(leader: LeaderState, source: NodeId): number {
  const others = [...leader.progress.values()];
  return others.filter(({ state, course }) => state === "snapshot" && course?.source === source).length;
}
