const MIB = 1024 * 1024;

/**
 * The bounds of sessions. They belong to the definition of the state machine: every node must draw the same line, so
 * they are not configurable, and changing one takes a new apply version.
 */
export const SESSION_BOUNDS = {
  minTtlMs: 1_000,
  maxTtlMs: 24 * 60 * 60 * 1_000,
  maxSessions: 100_000,
  /** Answers that one session has not given up. */
  maxAnswersPerSession: 16_384,
  /** Answers that all sessions together have not given up. */
  maxAnswers: 2_000_000,
  /** Bytes that they tell of keys: previous values, and what transactions have read. */
  maxAnswerBytesPerSession: 8 * MIB,
  maxAnswerBytes: 256 * MIB,
} as const;
