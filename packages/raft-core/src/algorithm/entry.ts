import type { Membership } from "./membership.ts";

/** Identifies a node; a positive safe integer, chosen by the operator in `cluster.conf`. */
export type NodeId = number;
/** A Raft term; a safe integer that only grows. 0 is the term before the first election. */
export type Term = number;
/** A position in the Raft log; the first entry has index 1. */
export type Index = number;

/** Names an entry for good: two logs that hold the same entry id hold the same prefix (Raft, section 5.3). */
export interface EntryId {
  readonly term: Term;
  readonly index: Index;
}

/** One entry of the log. The algorithm never looks into a command's payload. */
export type Entry = NoopEntry | CommandEntry | MembershipEntry;

/** What a new leader appends at once, to be able to commit what came before (Raft, section 8). */
export interface NoopEntry extends EntryId {
  readonly kind: "noop";
}

export interface CommandEntry extends EntryId {
  readonly kind: "command";
  readonly payload: Uint8Array;
}

/** In force from the moment it is appended (Raft, section 6). */
export interface MembershipEntry extends EntryId {
  readonly kind: "membership";
  readonly membership: Membership;
}

/** What must survive a restart besides the log (Raft, Figure 2). */
export interface HardState {
  readonly term: Term;
  /** Whom this node voted for in `term`; undefined if nobody yet. */
  readonly votedFor: NodeId | undefined;
  /**
   * The data directory of whom it voted for: an id may have another bearer later, and this vote is not for that one.
   * Absent without a vote, where the transport does not tell, and in what an earlier version of raftkv has written.
   */
  readonly votedForMemberId?: string;
  /**
   * No promise to vote for nobody, for leases, was given for longer than so many milliseconds: it is written before the
   * first one leaves. Absent: none was given, or a version that did not record it has given some.
   */
  readonly promiseMs?: number;
  /** A hint only: written along with other changes, never by itself. */
  readonly commit: Index;
}

/** The point up to which a snapshot, or a compacted log, stands for the entries it replaced. */
export interface SnapshotMetadata extends EntryId {
  /** The membership in force at `index`. */
  readonly membership: Membership;
}

/** Consecutive entries of one term: `term` holds from `from` to the next run. */
export interface TermRun {
  readonly from: Index;
  readonly term: Term;
}
