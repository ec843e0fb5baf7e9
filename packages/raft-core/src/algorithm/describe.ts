import type {
  Effects,
  LeadershipNotice,
  Outgoing,
  ProposalOutcome,
  ReadOutcome,
  TransferOutcome,
  WriteBatch,
} from "./effects.ts";
import type { Entry, EntryId, HardState, NodeId, SnapshotMetadata } from "./entry.ts";
import type { Membership } from "./membership.ts";
import type { Message, ReadContext } from "./message.ts";
import type { ProgressStatus, RaftStatus } from "./status.ts";

/** One line a thing, the same in logs and in golden transcripts. `7@3` is the entry with index 7 and term 3. */
export function describeEntryId(id: EntryId): string {
  return `${id.index}@${id.term}`;
}

export function describeEntry(entry: Entry): string {
  const id = describeEntryId(entry);
  if (entry.kind === "noop") return `${id} noop`;
  if (entry.kind === "membership") return `${id} membership ${describeMembership(entry.membership)}`;
  return `${id} ${describePayload(entry.payload)}`;
}

export function describeMembership(membership: Membership): string {
  const { voters, outgoingVoters, learners, learnersNext = [], promoteWhenCaughtUp = [] } = membership;
  const priorities = membership.members.flatMap(({ id, priority = 0 }) =>
    priority === 0 ? [] : [`${id}=${priority}`],
  );
  const group = (word: string, ids: readonly NodeId[]) => (ids.length === 0 ? "" : ` ${word} (${ids.join(" ")})`);
  return [
    `(${voters.join(" ")})`,
    group("leaving", outgoingVoters),
    membership.leavesOnRequest === true ? " on request" : "",
    group("learning", learners),
    group("to learn", learnersNext),
    group("to promote", promoteWhenCaughtUp),
    priorities.length === 0 ? "" : ` priorities (${priorities.join(" ")})`,
  ].join("");
}

export function describeSnapshot(metadata: SnapshotMetadata): string {
  return `${describeEntryId(metadata)} with ${describeMembership(metadata.membership)}`;
}

export function describeMessage(message: Message): string {
  return `${messageName(message)}, term ${message.term}${messageContent(message)}`;
}

export function describeOutgoing({ to, message, after }: Outgoing): string {
  return `to ${to}: ${describeMessage(message)}${after === undefined ? "" : ` [after write ${after}]`}`;
}

export function describeHardState({ term, votedFor, promiseMs, commit }: HardState): string {
  const promise = promiseMs === undefined ? "" : `, promises up to ${promiseMs} ms`;
  return `term ${term}, vote ${votedFor ?? "none"}${promise}, commit ${commit}`;
}

export function describeWrite(batch: WriteBatch): string {
  const parts = [
    ...(batch.hardState === undefined ? [] : [describeHardState(batch.hardState)]),
    ...(batch.resetTo === undefined ? [] : [`reset to ${describeSnapshot(batch.resetTo)}`]),
    ...(batch.truncateFrom === undefined ? [] : [`truncate from ${batch.truncateFrom}`]),
    ...(batch.append.length === 0 ? [] : [`append ${batch.append.map(describeEntry).join(", ")}`]),
  ];
  return `write ${batch.id}: ${parts.join("; ")}`;
}

/** One line an effect. */
export function describeEffects(effects: Effects): readonly string[] {
  const { role, persist, commit, restoreSnapshot, peers } = effects;
  return [
    ...effects.notices.map(describeNotice),
    ...(role === undefined ? [] : [`${role.role} in term ${role.term}, leader ${role.leader ?? "unknown"}`]),
    ...(persist === undefined ? [] : [describeWrite(persist)]),
    ...(restoreSnapshot === undefined ? [] : [`restore the snapshot ${describeSnapshot(restoreSnapshot)}`]),
    ...(commit === undefined ? [] : [`commit up to ${commit}`]),
    ...(peers === undefined ? [] : [`peers ${peers.map(({ id }) => id).join(" ")}`]),
    ...effects.outcomes.map(describeOutcome),
    ...effects.transfers.map(describeTransfer),
    ...effects.reads.map(describeRead),
    ...effects.readEntries.map(({ peer, from, to }) => `read entries ${from} to ${to} for ${peer}`),
    ...effects.sendSnapshot.map(({ to }) => `send a snapshot to ${to}`),
    ...effects.send.map(describeOutgoing),
  ];
}

/** A line for the node, and on a leader one for each peer. */
export function describeStatus(status: RaftStatus): readonly string[] {
  const { role, hardState, leader, base, last, durable } = status;
  const known = `leader ${leader ?? "unknown"}`;
  return [
    `${role}, ${describeHardState(hardState)}, ${known}, log ${describeEntryId(base)} to ${describeEntryId(last)}, durable to ${durable}`,
    ...status.progress.map((progress) => describeProgress(progress, status.nodeId)),
  ];
}

function describeProgress(progress: ProgressStatus, self: NodeId): string {
  const { id, state, match, next, recentlyActive, snapshot } = progress;
  const source = snapshot === undefined || snapshot.source === self ? "" : `, snapshot from ${snapshot.source}`;
  return `  ${id}: ${state}, match ${match}, next ${next}${source}${recentlyActive ? "" : ", silent"}`;
}

function describeOutcome(outcome: ProposalOutcome): string {
  if (outcome.kind === "appended") {
    const count = outcome.count === 1 ? "" : `, ${outcome.count} entries`;
    return `proposal ${outcome.id} appended at ${describeEntryId(outcome.first)}${count}`;
  }
  const { id, reason, leader, detail } = outcome;
  return `proposal ${id} dropped: ${reason}, leader ${leader ?? "unknown"}${detail === undefined ? "" : `: ${detail}`}`;
}

/** Why leadership moves, or stays. */
export function describeNotice(notice: LeadershipNotice): string {
  switch (notice.kind) {
    case "handingOver":
      return `handing over to ${notice.to}: ${notice.cause}`;
    case "keeping":
      return `keeping leadership: ${notice.detail}`;
    case "steppingDown":
      return `stepping down: ${notice.cause} of ${notice.forMs} ms`;
  }
}

function describeTransfer(outcome: TransferOutcome): string {
  const { kind, id } = outcome;
  if (kind === "done") return `transfer ${id} done: ${outcome.leader} leads`;
  return `transfer ${id} ${kind}${kind === "refused" ? ` (${outcome.reason})` : ""}: ${outcome.detail}`;
}

function describeRead(outcome: ReadOutcome): string {
  return outcome.kind === "ready"
    ? `read ${outcome.id} may be served at ${outcome.index}`
    : `read ${outcome.id} dropped: nobody leads`;
}

function messageName(message: Message): string {
  switch (message.kind) {
    case "preVoteRequest":
      return "pre-vote?";
    case "preVoteResponse":
      return message.granted ? "pre-vote granted" : "pre-vote refused";
    case "voteRequest":
      return "vote?";
    case "voteResponse":
      return message.granted ? "vote granted" : "vote refused";
    case "appendRequest":
      return "append";
    case "appendResponse":
      return message.rejected ? "append refused" : "append accepted";
    case "heartbeatRequest":
      return "heartbeat";
    case "heartbeatResponse":
      return "heartbeat answered";
    case "readIndexRequest":
      return "read index?";
    case "readIndexResponse":
      return "read index";
    case "timeoutNowRequest":
      return "campaign now";
    case "snapshotRequest":
      return "send a snapshot";
    case "snapshotReport":
      return `snapshot ${message.outcome}`;
  }
}

function messageContent(message: Message): string {
  switch (message.kind) {
    case "preVoteRequest":
      return `, would campaign in ${message.campaignTerm}, log ends ${message.lastIndex}@${message.lastTerm}`;
    case "preVoteResponse":
      return `, for a campaign in ${message.campaignTerm}`;
    case "voteRequest":
      return `, log ends ${message.lastIndex}@${message.lastTerm}${message.leadershipTransfer ? ", by transfer" : ""}`;
    case "voteResponse":
    case "timeoutNowRequest":
      return "";
    case "appendRequest": {
      const entries = message.entries.map((entry) => `, ${describeEntry(entry)}`).join("");
      return `, after ${message.prevIndex}@${message.prevTerm}${entries === "" ? ", nothing" : entries}, commit ${message.commit}`;
    }
    case "appendResponse":
      return message.rejected
        ? `, after ${message.prevIndex}, hint ${message.hintIndex}@${message.hintTerm}`
        : `, match ${message.match}`;
    case "heartbeatRequest":
      return `, round ${message.round}, commit ${message.commit}${message.asksPromise ? ", asks for a promise" : ""}${message.needsNoAnswer ? ", needs no answer" : ""}`;
    case "heartbeatResponse":
      if (message.round === 0) return ", not followed";
      return `, round ${message.round}${message.promiseMs === undefined ? "" : `, no vote for ${message.promiseMs} ms`}`;
    case "snapshotRequest":
      return `, to ${message.to}, at ${message.atLeast} or later`;
    case "snapshotReport":
      return `, to ${message.to}, at ${message.index}, ${message.bytesSent} of ${message.bytes} bytes`;
    case "readIndexRequest":
      return `, ${describeContext(message.context)}`;
    case "readIndexResponse":
      return `, ${describeContext(message.context)}, index ${message.index}`;
  }
}

function describeContext({ incarnation, sequence }: ReadContext): string {
  return `context ${incarnation}.${sequence}`;
}

/** The first bytes as text: enough to tell entries apart. */
function describePayload(payload: Uint8Array): string {
  const shown = Array.from(payload.subarray(0, 16), (byte) =>
    byte > 32 && byte < 127 ? String.fromCharCode(byte) : ".",
  );
  return `"${shown.join("")}"${payload.byteLength > 16 ? ` (${payload.byteLength} bytes)` : ""}`;
}
