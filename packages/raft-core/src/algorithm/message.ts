import type { Entry, Index, NodeId, Term } from "./entry.ts";
import type { SnapshotAdvance } from "./snapshot-course.ts";

/** What nodes say to each other. Sender and receiver are the transport's; `term` is always the sender's. */
export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | HeartbeatRequest
  | HeartbeatResponse
  | ReadIndexRequest
  | ReadIndexResponse
  | TimeoutNowRequest
  | SnapshotRequest
  | SnapshotReport;

/** Asks whether an election could be won, without disturbing anybody (dissertation, section 9.6). */
export interface PreVoteRequest {
  readonly kind: "preVoteRequest";
  readonly term: Term;
  /** The term that the sender would campaign in. */
  readonly campaignTerm: Term;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
}

export interface PreVoteResponse {
  readonly kind: "preVoteResponse";
  /** The answering node's own term, so that a sender that lags behind learns of it. */
  readonly term: Term;
  /** Repeats the request's, so that an answer counts only for the campaign that asked. */
  readonly campaignTerm: Term;
  readonly granted: boolean;
}

/** RequestVote (Raft, section 5.2). */
export interface VoteRequest {
  readonly kind: "voteRequest";
  readonly term: Term;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** The leader itself asked for this election: leader stickiness does not apply (dissertation, section 3.10). */
  readonly leadershipTransfer: boolean;
}

export interface VoteResponse {
  readonly kind: "voteResponse";
  readonly term: Term;
  readonly granted: boolean;
}

/** AppendEntries (Raft, section 5.3), without its role as heartbeat. */
export interface AppendRequest {
  readonly kind: "appendRequest";
  readonly term: Term;
  readonly prevIndex: Index;
  readonly prevTerm: Term;
  readonly entries: readonly Entry[];
  readonly commit: Index;
}

export type AppendResponse = AppendAccepted | AppendRejected;

export interface AppendAccepted {
  readonly kind: "appendResponse";
  readonly term: Term;
  readonly rejected: false;
  /**
   * Every entry up to here is the leader's, and is on stable storage at the sender. Never past the request's end,
   * unless all of the request is committed: then it is the sender's commit index, up to which all logs agree.
   */
  readonly match: Index;
}

export interface AppendRejected {
  readonly kind: "appendResponse";
  readonly term: Term;
  readonly rejected: true;
  /** The request's `prevIndex`: a refusal counts only while it is what the leader last probed with. */
  readonly prevIndex: Index;
  /** The sender's log, to skip whole runs of conflicting terms (Raft, section 5.3, "if desired"). */
  readonly hintIndex: Index;
  readonly hintTerm: Term;
}

/** Proves leadership and moves the commit index; never carries entries. */
export interface HeartbeatRequest {
  readonly kind: "heartbeatRequest";
  readonly term: Term;
  /** min(the leader's commit, what it knows this follower to match). */
  readonly commit: Index;
  /** Counts up within a term. An answer shows that its sender still followed when the round reached it. */
  readonly round: number;
  /** The leader reads by lease: whoever answers says for how long it will vote for nobody. */
  readonly asksPromise?: true;
  /** The leader has heard of this follower lately, and waits for nothing: a follower of its term need not answer. */
  readonly needsNoAnswer?: true;
}

export interface HeartbeatResponse {
  readonly kind: "heartbeatResponse";
  readonly term: Term;
  /** 0: the sender does not follow that leader, and the round counts for nothing. */
  readonly round: number;
  /** For so long since the round reached it, on its own clock, the sender votes for nobody; absent: no promise. */
  readonly promiseMs?: number;
}

/** Asks the leader for an index at which a linearizable read may be served here (dissertation, section 6.4). */
export interface ReadIndexRequest {
  readonly kind: "readIndexRequest";
  readonly term: Term;
  readonly context: ReadContext;
}

export interface ReadIndexResponse {
  readonly kind: "readIndexResponse";
  readonly term: Term;
  readonly context: ReadContext;
  readonly index: Index;
}

/** Never used twice, across restarts either: the incarnation grows with each start of the asking node. */
export interface ReadContext {
  readonly incarnation: number;
  readonly sequence: number;
}

/** Tells a follower to campaign at once (dissertation, section 3.10). */
export interface TimeoutNowRequest {
  readonly kind: "timeoutNowRequest";
  readonly term: Term;
}

/** Asks a follower to send its snapshot to a node that the leader's log no longer reaches. */
export interface SnapshotRequest {
  readonly kind: "snapshotRequest";
  readonly term: Term;
  readonly to: NodeId;
  /** The leader's log begins there: a snapshot that ends before is of no use. */
  readonly atLeast: Index;
}

/** Tells the leader what has become of its request so far. */
export interface SnapshotReport extends SnapshotAdvance {
  readonly kind: "snapshotReport";
  readonly term: Term;
  readonly to: NodeId;
  readonly outcome: "sending" | "sent" | "failed";
}
