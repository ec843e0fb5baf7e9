import type { DropReason } from "./effects.ts";
import type { CommandEntry } from "./entry.ts";
import { entrySize } from "./entry-cache.ts";
import type { ProposalId } from "./input.ts";
import { invariant } from "./invariant.ts";
import { isVoter } from "./membership-tracker.ts";
import { appendOwn } from "./replication.ts";
import { knownLeader, type LeaderState, type RaftState } from "./role-state.ts";

/**
 * Appends one command entry a payload, all or none, and says which entries they are or why there are none. While leadership
 * is on its way it is held back, and its outcome comes when that has ended.
 */
export function handlePropose(state: RaftState, id: ProposalId, payloads: readonly Uint8Array[]): void {
  invariant(payloads.length > 0, "a proposal proposes something");
  settleHeld(state);
  if (!state.held.isOpen) propose(state, id, payloads);
  else if (!state.held.add({ id, payloads })) drop(state, id, "transferring");
}

/** As soon as it is known who leads: what is held goes into the log here, in order, or hears where to go. */
export function settleHeld(state: RaftState): void {
  if (!state.held.isOpen || knownLeader(state) === undefined || isHandingOver(state)) return;
  for (const { id, payloads } of state.held.close()) propose(state, id, payloads);
}

/** Time has passed while this node does not lead: nothing is held for ever for the next leader. */
export function tickHeld(state: RaftState, elapsedMs: number): void {
  const { held, config } = state;
  if (!held.isOpen) return;
  held.tick(elapsedMs);
  if (held.leaderlessMs < 2 * config.electionTimeoutMaxMs) return;
  for (const { id, payloads } of held.close()) propose(state, id, payloads);
}

function isHandingOver({ role }: RaftState): boolean {
  return role.kind === "leader" && role.transfer?.isHolding === true;
}

function drop(state: RaftState, id: ProposalId, reason: DropReason): void {
  state.effects.outcome({ kind: "dropped", id, reason, leader: knownLeader(state) });
}

function propose(state: RaftState, id: ProposalId, payloads: readonly Uint8Array[]): void {
  const { role, log, hardState, config, effects } = state;
  if (role.kind !== "leader") {
    drop(state, id, "notLeader");
    return;
  }
  // Who is about to leave takes in nothing whose outcome it would not live to see, and may never hear who leads next.
  if (!isVoter(state.memberships.newest(), config.nodeId)) {
    drop(state, id, "transferring");
    return;
  }
  if (payloads.some((payload) => payload.byteLength > config.maxEntryBytes)) {
    drop(state, id, "tooLarge");
    return;
  }
  const first = { term: hardState.term, index: log.lastIndex + 1 };
  const entries = payloads.map(
    (payload, offset): CommandEntry => ({ kind: "command", term: first.term, index: first.index + offset, payload }),
  );
  if (!hasRoom(role, entries)) {
    drop(state, id, "overloaded");
    return;
  }
  appendOwn(state, role, entries);
  effects.outcome({ kind: "appended", id, first, count: entries.length });
}

function hasRoom(leader: LeaderState, entries: readonly CommandEntry[]): boolean {
  return leader.backlog.hasRoomFor(entries.reduce((sum, entry) => sum + entrySize(entry), 0));
}
