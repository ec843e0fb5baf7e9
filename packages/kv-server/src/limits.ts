const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What a node accepts. Beyond a bound comes a refusal, never a queue that grows. These bounds are a node's own and are
 * checked before anything is proposed: what was replicated is applied by every node, whatever its limits.
 */
export interface KvLimits {
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  /** Operations in one command batch. */
  readonly maxBatchOperations: number;
  /** An encoded command batch. */
  readonly maxBatchBytes: number;
  /** Steps of one transaction, in both branches, with those of the transactions nested in it. */
  readonly maxTransactionSteps: number;
  /** Comparisons of one transaction, with those nested in it. */
  readonly maxTransactionComparisons: number;
  /** Transactions within one another; 1: none is nested. */
  readonly maxTransactionDepth: number;
  /** Reads in one read batch. */
  readonly maxReads: number;
  /** Ranges among them: each one looks at memory as a whole. */
  readonly maxRangesPerBatch: number;
  /** One page of a range. */
  readonly maxPageBytes: number;
  /** The whole answer to one read batch. */
  readonly maxReadBytes: number;
  /** Reads (unary ones, or batches) that look at the state at the same time; the others wait their turn. */
  readonly maxConcurrentReads: number;
  /** Reads that wait for a revision that is not here yet, … */
  readonly maxRevisionWaits: number;
  /** … and for how long at most; the client may ask again. */
  readonly maxRevisionWaitMs: number;
  /** Open `Exchange` streams of all clients. */
  readonly maxStreams: number;
  /** Requests of one stream that have not been answered. */
  readonly maxStreamRequests: number;
  /**
   * Bytes of one stream's unanswered requests, decoded, and of its answers that have not been sent. Beyond it commands
   * are refused, and so are reads, when they come and again when their turn comes.
   */
  readonly maxStreamBytes: number;
  /** Open `Watch` streams of all clients. */
  readonly maxWatchStreams: number;
  /** Watches of one stream, … */
  readonly maxStreamWatches: number;
  /** … and of all of them. */
  readonly maxWatches: number;
  /**
   * Bytes of one watch stream's events that have not been sent. Beyond it nothing is told there until the client has read:
   * what comes meanwhile is read from history then.
   */
  readonly maxWatchStreamBytes: number;
  /** The same of all watch streams together. Where that is used up, clients that have read nothing for 5 s are given up. */
  readonly maxWatchBytes: number;
  /** Calls of all clients that wait for a lock. */
  readonly maxLockWaits: number;
  /** Unanswered requests of all clients. */
  readonly maxRequests: number;
  /**
   * Bytes of unanswered requests, and of answers not sent, of all clients. Where less than a quarter is left, clients that have
   * read nothing of their stream for 5 s are given up.
   */
  readonly maxRequestBytes: number;
}

export const DEFAULT_KV_LIMITS: KvLimits = {
  maxKeyBytes: 4 * KIB,
  maxValueBytes: MIB,
  maxBatchOperations: 4_096,
  maxBatchBytes: 4 * MIB,
  maxTransactionSteps: 1_024,
  maxTransactionComparisons: 1_024,
  maxTransactionDepth: 8,
  maxReads: 4_096,
  maxRangesPerBatch: 16,
  maxPageBytes: MIB,
  maxReadBytes: 4 * MIB,
  maxConcurrentReads: 32,
  maxRevisionWaits: 10_000,
  maxRevisionWaitMs: 250,
  maxStreams: 10_000,
  maxStreamRequests: 1_024,
  maxStreamBytes: 16 * MIB,
  maxWatchStreams: 20_000,
  maxStreamWatches: 20_000,
  maxWatches: 100_000,
  maxWatchStreamBytes: 4 * MIB,
  maxWatchBytes: 128 * MIB,
  maxLockWaits: 10_000,
  maxRequests: 100_000,
  maxRequestBytes: 256 * MIB,
};
