const MIB = 1024 * 1024;

/**
 * How much one operation may ask for. These bounds belong to the definition of the state machine: every node must draw the
 * same line, so they are not configurable (`KvLimits` has lower ones, which are), and changing one takes a new apply version.
 */
export const OPERATION_BOUNDS = {
  /**
   * Keys that it reads or writes; of a range all keys in it count, with those that its entry puts there, and of a transaction
   * those of both branches.
   */
  maxKeys: 100_000,
  /**
   * Bytes of the values that it reads: of a range with a limit those of the first keys only, and of as many more as keys may be
   * changed before it in its entry.
   */
  maxValueBytes: 16 * MIB,
  /** Bytes of keys and values in its answer: one of the largest that can be configured fits. */
  maxAnswerBytes: 4.25 * MIB,
  /** The steps of a transaction in both branches, with those nested in it. */
  maxSteps: 10_000,
  /** The comparisons of a transaction, with those nested in it. */
  maxComparisons: 10_000,
  /** Transactions within one another; 1: none is nested. */
  maxDepth: 16,
} as const;
