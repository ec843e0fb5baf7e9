import type { DropReason } from "./effects.ts";
import type { CommandEntry } from "./entry.ts";
import { entrySize } from "./entry-cache.ts";
import type { ProposalId } from "./input.ts";
import { invariant } from "./invariant.ts";
import { isVoter } from "./membership-tracker.ts";
import { appendOwn } from "./replication.ts";
import { knownLeader, type LeaderState, type RaftState } from "./role-state.ts";

/** Appends one command entry a payload, all or none, and says which entries they are or why there are none. */
export function handlePropose(state: RaftState, id: ProposalId, payloads: readonly Uint8Array[]): void {
  invariant(payloads.length > 0, "a proposal proposes something");
  const { role, log, hardState, config, effects } = state;
  const drop = (reason: DropReason) => effects.outcome({ kind: "dropped", id, reason, leader: knownLeader(state) });
  if (role.kind !== "leader") {
    drop("notLeader");
    return;
  }
  // Who is about to leave takes in nothing whose outcome it would not live to see: the next leader is at hand.
  if (role.transfer?.isHolding === true || !isVoter(state.memberships.newest(), config.nodeId)) {
    drop("transferring");
    return;
  }
  if (payloads.some((payload) => payload.byteLength > config.maxEntryBytes)) {
    drop("tooLarge");
    return;
  }
  const first = { term: hardState.term, index: log.lastIndex + 1 };
  const entries = payloads.map(
    (payload, offset): CommandEntry => ({ kind: "command", term: first.term, index: first.index + offset, payload }),
  );
  if (!hasRoom(role, entries)) {
    drop("overloaded");
    return;
  }
  appendOwn(state, role, entries);
  effects.outcome({ kind: "appended", id, first, count: entries.length });
}

function hasRoom(leader: LeaderState, entries: readonly CommandEntry[]): boolean {
  return leader.backlog.hasRoomFor(entries.reduce((sum, entry) => sum + entrySize(entry), 0));
}
