import type { Answer } from "./answer.ts";
import { answerBytes } from "./answer-bytes.ts";

/** One client's run of commands, and the answers it may still ask for again (dissertation, section 6.3). */
export interface Session {
  /** The index of the entry that opened it. */
  readonly id: number;
  readonly ttlMs: number;
  /** Cluster time at which something was last heard from it. */
  lastActiveMs: number;
  /** The answers up to here were given up. */
  acknowledgedThrough: number;
  /** The answer to sequence `acknowledgedThrough + 1`, and so on without a gap. */
  answers: Answer[];
  /** What they tell of keys: `answerBytes` of each. */
  answerBytes: number;
}

/** The sequence of the last command that was applied; 0 before the first. */
export function lastSequence(session: Session): number {
  return session.acknowledgedThrough + session.answers.length;
}

/** From this cluster time on the session is gone. */
export function expiresAtMs(session: Session): number {
  return session.lastActiveMs + session.ttlMs;
}

/** From so many bytes on that it tells of keys, an answer is stored by itself. */
const LARGE_ANSWER_BYTES = 4 * 1024;

export function isLarge(answer: Answer): boolean {
  return answerBytes(answer) >= LARGE_ANSWER_BYTES;
}
