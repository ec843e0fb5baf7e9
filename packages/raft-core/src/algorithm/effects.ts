import type { Entry, EntryId, HardState, Index, NodeId, SnapshotMetadata, Term } from "./entry.ts";
import type { BatchId, LogRead, ProposalId, ReadId, TransferId } from "./input.ts";
import type { Member } from "./membership.ts";
import type { Message } from "./message.ts";

/** What the algorithm wants done. The node carries it out; nothing in here has happened yet. */
export interface Effects {
  /** One atomic, durable write. Never for a moved commit index alone. */
  readonly persist?: WriteBatch;
  readonly send: readonly Outgoing[];
  /** Everything up to here may be applied: committed, and on stable storage at this node. */
  readonly commit?: Index;
  readonly readEntries: readonly LogRead[];
  /** These nodes need entries that the leader's log no longer holds. */
  readonly sendSnapshot: readonly SnapshotOrder[];
  /** Once `persist` is durable, the state is to be replaced by this received snapshot before anything is applied. */
  readonly restoreSnapshot?: SnapshotMetadata;
  readonly reads: readonly ReadOutcome[];
  readonly outcomes: readonly ProposalOutcome[];
  readonly transfers: readonly TransferOutcome[];
  /** For the log: why leadership moves, or stays. */
  readonly notices: readonly LeadershipNotice[];
  /** Set when role, term or known leader have changed. */
  readonly role?: RoleChange;
  /** Set when that has changed: whom this node has to reach, and be reached by. It may be named itself. */
  readonly peers?: readonly Member[];
}

/** A message, and the batch that must be on stable storage before it may leave; undefined: it is free to go. */
export interface Outgoing {
  readonly to: NodeId;
  /** Only for the bearer of that id with this data directory; absent: for whoever bears it. */
  readonly toMemberId?: string;
  readonly message: Message;
  readonly after?: BatchId;
}

/** A snapshot to be sent: as the leader, or because the leader has asked this node to. */
export interface SnapshotOrder {
  readonly to: NodeId;
  readonly term: Term;
  /** Who leads in that term. */
  readonly leader: NodeId;
  /** The leader's log begins there: a snapshot that ends before is of no use. */
  readonly atLeast: Index;
}

export interface WriteBatch {
  readonly id: BatchId;
  readonly hardState?: HardState;
  /** Drops the entries from here on before appending. Always above the commit and applied index. */
  readonly truncateFrom?: Index;
  readonly append: readonly Entry[];
  /**
   * A received snapshot takes the place of the log up to its index. Entries after it stay if the log holds an entry
   * with the snapshot's index and term; else the whole log goes. Comes before `append`.
   */
  readonly resetTo?: SnapshotMetadata;
}

/** `dropped`: the read was not answered, because nobody leads; ask again. */
export type ReadOutcome =
  | { readonly kind: "ready"; readonly id: ReadId; readonly index: Index }
  | { readonly kind: "dropped"; readonly id: ReadId };

/**
 * `appended`: it stands in the leader's log at these entry ids, and took effect if entries with those ids are applied.
 * `dropped`: nothing was appended, and it certainly never takes effect.
 */
export type ProposalOutcome =
  | { readonly kind: "appended"; readonly id: ProposalId; readonly first: EntryId; readonly count: number }
  | {
      readonly kind: "dropped";
      readonly id: ProposalId;
      readonly reason: DropReason;
      readonly leader: NodeId | undefined;
      /** What exactly stands against it, where the reason alone does not say. */
      readonly detail?: string;
    };

export type DropReason = "notLeader" | "overloaded" | "transferring" | "tooLarge" | MembershipRefusal;

/**
 * Why a membership is not changed. `changeInProgress`: the change before it is not committed, or its joint membership
 * not left. `tooEarly`: the leader has committed nothing in its term yet. `invalidChange`: the steps do not fit the
 * membership. `wouldLoseQuorum`: the voters that are alive would be no quorum.
 */
export type MembershipRefusal = "changeInProgress" | "tooEarly" | "invalidChange" | "wouldLoseQuorum";

/**
 * What has become of a transfer of leadership that was asked for. `done`: that node leads. `refused`: nothing was begun.
 * `failed`: it was given up; a target that was told to campaign may still do so.
 */
export type TransferOutcome =
  | { readonly kind: "done"; readonly id: TransferId; readonly leader: NodeId }
  | ({ readonly kind: "refused"; readonly reason: TransferRefusal } & UndoneTransfer)
  | ({ readonly kind: "failed" } & UndoneTransfer);

interface UndoneTransfer {
  readonly id: TransferId;
  readonly detail: string;
  readonly leader: NodeId | undefined;
}

/**
 * `unknownMember`: the target is no other voter that stays. `transferring`: leadership is on its way to somebody else.
 * `targetNotReady`: the target is silent, or too far behind; or there is nobody to hand over to. `overloaded`: too many
 * wait for the transfer that is under way.
 */
export type TransferRefusal = "notLeader" | "unknownMember" | "transferring" | "targetNotReady" | "overloaded";

/**
 * Why leadership is handed over. `asked`: an operator wants it. `priority`: the target is preferred. `writeStall`: this
 * node's disk does not come to an end of a write. `pauses`: this process stands still time and again.
 */
export type TransferCause = "asked" | "priority" | "writeStall" | "pauses";

/**
 * `steppingDown`: without waiting for a successor, after a `pause` of the process, or because a transfer for a `writeStall`
 * has failed.
 */
export type LeadershipNotice =
  | { readonly kind: "handingOver"; readonly to: NodeId; readonly cause: TransferCause }
  | { readonly kind: "keeping"; readonly to: NodeId; readonly cause: TransferCause; readonly detail: string }
  | { readonly kind: "steppingDown"; readonly cause: "pause" | "writeStall"; readonly forMs: number };

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

export interface RoleChange {
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | undefined;
}
