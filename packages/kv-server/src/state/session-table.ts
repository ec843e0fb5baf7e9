import type { Answer } from "./answer.ts";
import { answerBytes } from "./answer-bytes.ts";
import { expiresAtMs, isLarge, lastSequence, type Session } from "./session.ts";
import { SESSION_BOUNDS } from "./session-bounds.ts";
import { SessionExpiry } from "./session-expiry.ts";

/** A session that changed since the last merge; `session` undefined: it is gone. */
export interface SessionChange {
  readonly id: number;
  readonly session: Session | undefined;
  /** Its large answers that it keeps now, or, where undefined, does not any more; ascending by sequence. */
  readonly answers: readonly (readonly [sequence: number, answer: Answer | undefined])[];
}

/** All sessions, in memory. Every change to one goes through here, so that merges write what has changed. */
export class SessionTable {
  readonly #sessions = new Map<number, Session>();
  #expiry = new SessionExpiry();
  #changed = new Set<number>();
  /** By session and sequence, as in `SessionChange`. */
  #changedAnswers = new Map<number, Map<number, Answer | undefined>>();
  #answerCount = 0;
  #answerBytes = 0;

  constructor(sessions: Iterable<Session> = []) {
    for (const session of sessions) this.#insert(session);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Undefined if there is no room for another. */
  open(id: number, ttlMs: number, nowMs: number): Session | undefined {
    if (this.#sessions.size >= SESSION_BOUNDS.maxSessions) return undefined;
    const session = { id, ttlMs, lastActiveMs: nowMs, acknowledgedThrough: 0, answers: [], answerBytes: 0 };
    this.#insert(session);
    this.#changed.add(id);
    return session;
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  close(session: Session): void {
    this.#sessions.delete(session.id);
    this.#answerCount -= session.answers.length;
    this.#answerBytes -= session.answerBytes;
    this.#changed.add(session.id);
    if (session.answerBytes > 0) this.#dropLarge(session, session.answers);
    this.#dropStaleExpiries();
  }

  /** Something was heard from the session, and it gives up its answers up to `acknowledgedThrough`. */
  touch(session: Session, nowMs: number, acknowledgedThrough: number): void {
    session.lastActiveMs = nowMs;
    this.#changed.add(session.id);
    const through = Math.min(acknowledgedThrough, lastSequence(session));
    const dropped = through - session.acknowledgedThrough;
    if (dropped <= 0) return;
    if (session.answerBytes > 0) {
      const answers = session.answers.slice(0, dropped);
      this.#dropBytes(session, answers);
      this.#dropLarge(session, answers);
    }
    session.answers = session.answers.slice(dropped);
    session.acknowledgedThrough = through;
    this.#answerCount -= dropped;
  }

  /** How many more answers may be kept for the session. */
  roomForAnswers(session: Session): number {
    const { maxAnswersPerSession, maxAnswers } = SESSION_BOUNDS;
    return Math.min(maxAnswersPerSession - session.answers.length, maxAnswers - this.#answerCount);
  }

  /** How many more bytes about keys may be kept for the session. */
  roomForBytes(session: Session): number {
    const { maxAnswerBytesPerSession, maxAnswerBytes } = SESSION_BOUNDS;
    return Math.min(maxAnswerBytesPerSession - session.answerBytes, maxAnswerBytes - this.#answerBytes);
  }

  /** Keeps the answer to the session's next sequence. */
  keepAnswer(session: Session, answer: Answer): void {
    session.answers.push(answer);
    this.#answerCount++;
    this.#addBytes(session, answerBytes(answer));
    if (isLarge(answer)) this.#changedAnswersOf(session).set(lastSequence(session), answer);
  }

  /** Ends every session whose time is over at cluster time `nowMs`. */
  expire(nowMs: number): void {
    for (let id = this.#expiry.takeDue(nowMs); id !== undefined; id = this.#expiry.takeDue(nowMs)) {
      const session = this.#sessions.get(id);
      if (session === undefined) continue;
      if (expiresAtMs(session) <= nowMs) this.close(session);
      else this.#expiry.add(id, expiresAtMs(session));
    }
  }

  /** What changed since this was last asked, ascending by id. */
  takeChanges(): readonly SessionChange[] {
    const ids = [...this.#changed].sort((a, b) => a - b);
    this.#changed = new Set();
    const answers = this.#changedAnswers;
    this.#changedAnswers = new Map();
    return ids.map((id) => ({
      id,
      session: this.#sessions.get(id),
      answers: [...(answers.get(id) ?? [])].sort(bySequence),
    }));
  }

  #insert(session: Session): void {
    this.#sessions.set(session.id, session);
    this.#answerCount += session.answers.length;
    this.#answerBytes += session.answerBytes;
    this.#expiry.add(session.id, expiresAtMs(session));
  }

  #dropBytes(session: Session, answers: readonly Answer[]): void {
    this.#addBytes(session, -answers.reduce((bytes, answer) => bytes + answerBytes(answer), 0));
  }

  /** They are its first ones. What no merge has taken needs no removal. */
  #dropLarge(session: Session, answers: readonly Answer[]): void {
    for (const [i, answer] of answers.entries()) {
      if (!isLarge(answer)) continue;
      const changed = this.#changedAnswersOf(session);
      const sequence = session.acknowledgedThrough + 1 + i;
      if (changed.get(sequence) === undefined) changed.set(sequence, undefined);
      else changed.delete(sequence);
    }
  }

  #changedAnswersOf({ id }: Session): Map<number, Answer | undefined> {
    let changed = this.#changedAnswers.get(id);
    if (changed === undefined) {
      changed = new Map();
      this.#changedAnswers.set(id, changed);
    }
    return changed;
  }

  #addBytes(session: Session, bytes: number): void {
    session.answerBytes += bytes;
    this.#answerBytes += bytes;
  }

  /** Sessions that were closed early must not pile up until their time would have come. */
  #dropStaleExpiries(): void {
    if (this.#expiry.size <= 2 * this.#sessions.size + 1024) return;
    this.#expiry = new SessionExpiry();
    for (const session of this.#sessions.values()) this.#expiry.add(session.id, expiresAtMs(session));
  }
}

function bySequence([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number {
  return a - b;
}
