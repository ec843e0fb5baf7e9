import type { Entry, EntryId, Index, NodeId, SnapshotMetadata, Term } from "./entry.ts";
import type { MembershipChange } from "./membership-change.ts";
import type { Message } from "./message.ts";
import type { SnapshotAdvance } from "./snapshot-course.ts";

/** Chosen by the node; comes back in a `ProposalOutcome`. */
export type ProposalId = number;
/** Chosen by the node; comes back in a `ReadReady`. */
export type ReadId = number;
/** Chosen by the node; comes back in a `TransferOutcome`. */
export type TransferId = number;
/** Counts up from 1 with each batch that the algorithm hands out to be persisted. */
export type BatchId = number;

/** Everything that can happen to a Raft node. The algorithm takes one at a time. */
export type Input =
  /**
   * Time has passed: `elapsedMs` since the last tick, on the monotonic clock; a stall is one tick, already capped.
   * `stalledMs`: the process stood still for so long just now; absent: it did not.
   */
  | { readonly kind: "tick"; readonly elapsedMs: number; readonly stalledMs?: number }
  /**
   * What the node's monotonic clock shows: first in a turn, after whatever the turn is about has arrived. Leases and the
   * promises that they rest on are measured by it, and by nothing else; ticks leave stalls out.
   */
  | { readonly kind: "clock"; readonly nowMs: number }
  /** Time has passed that the clock did not count. */
  | { readonly kind: "suspended" }
  /** `fromMemberId`: the sender's data directory; undefined where the transport does not tell bearers of an id apart. */
  | {
      readonly kind: "message";
      readonly from: NodeId;
      readonly fromMemberId?: string | undefined;
      readonly message: Message;
    }
  /** Appends one command entry a payload, all or none. */
  | { readonly kind: "propose"; readonly id: ProposalId; readonly payloads: readonly Uint8Array[] }
  /** Changes who takes part in consensus. One entry at a time; the outcome says which, or why none. */
  | { readonly kind: "changeMembership"; readonly id: ProposalId; readonly change: MembershipChange }
  /** Leaves a joint membership that waits to be told. */
  | { readonly kind: "leaveJoint"; readonly id: ProposalId }
  /** Asks for the index that a linearizable read must wait for. */
  | { readonly kind: "readIndex"; readonly id: ReadId }
  /** Nobody waits for that read any more. */
  | { readonly kind: "cancelRead"; readonly id: ReadId }
  /** Hands leadership to `to`; undefined: to the voter that suits best. */
  | { readonly kind: "transferLeadership"; readonly id: TransferId; readonly to: NodeId | undefined }
  /** The leader is known to be gone: a follower no longer holds on to it, and grants the next pre-vote. */
  | { readonly kind: "forgetLeader" }
  /** Campaigns now, without waiting for the election timeout. */
  | { readonly kind: "campaign" }
  /** Batch `batch`, and all before it, are on stable storage. */
  | { readonly kind: "persisted"; readonly batch: BatchId }
  /** The state machine has applied everything up to `index`. */
  | { readonly kind: "applied"; readonly index: Index }
  /** The answer to a `readEntries` effect; fewer entries than asked for is fine, none means they are gone. */
  | { readonly kind: "entriesRead"; readonly request: LogRead; readonly entries: readonly Entry[] }
  /** Storage has dropped every entry up to `metadata.index`; what is in memory of them can go too. */
  | { readonly kind: "compacted"; readonly metadata: SnapshotMetadata }
  /** A snapshot has arrived whole from `from` and is on stable storage; or was offered, and is committed here already. */
  | {
      readonly kind: "snapshotReceived";
      readonly from: NodeId;
      readonly term: Term;
      readonly metadata: SnapshotMetadata;
    }
  /** A snapshot that this node sends to `to` has come so far. At least twice in an election timeout while it does. */
  | ({ readonly kind: "snapshotMoved"; readonly to: NodeId } & SnapshotAdvance)
  /** Sending a snapshot to `to` has ended. `at` names the snapshot when the follower has it; undefined: it failed. */
  | ({ readonly kind: "snapshotSent"; readonly to: NodeId; readonly at: EntryId | undefined } & Omit<
      SnapshotAdvance,
      "index"
    >)
  | { readonly kind: "unreachable"; readonly peer: NodeId };

/** Entries that a follower needs and memory no longer holds. */
export interface LogRead {
  readonly peer: NodeId;
  /** The leader's term when it asked: an answer from another term is dropped. */
  readonly term: Term;
  readonly from: Index;
  /** Inclusive. */
  readonly to: Index;
  readonly maxBytes: number;
}
