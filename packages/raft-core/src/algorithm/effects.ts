import type { Entry, EntryId, HardState, Index, NodeId, SnapshotMetadata, Term } from "./entry.ts";
import type { BatchId, LogRead, ProposalId, ReadId } from "./input.ts";
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
  /** Set when role, term or known leader have changed. */
  readonly role?: RoleChange;
  /** Set when that has changed: whom this node has to reach, and be reached by. It may be named itself. */
  readonly peers?: readonly Member[];
}

/** A message, and the batch that must be on stable storage before it may leave; undefined: it is free to go. */
export interface Outgoing {
  readonly to: NodeId;
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

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

export interface RoleChange {
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | undefined;
}
