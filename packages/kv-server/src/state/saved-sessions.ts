import { parseRowKey, SESSION_ROWS } from "../codec/row-keys.ts";
import { decodeAnswerRow, decodeSessionRow, type StoredSession } from "../codec/session-row.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import type { Answer } from "./answer.ts";
import { answersBytes } from "./answer-bytes.ts";
import type { Session } from "./session.ts";

const SCAN_ROWS = 1_000;
const SCAN_BYTES = 4 * 1024 * 1024;

export async function loadSessions(store: StateStore): Promise<readonly Session[]> {
  const sessions = new SessionReader();
  let from: Uint8Array = SESSION_ROWS.from;
  for (;;) {
    const rows = await store.scan({ from, to: SESSION_ROWS.to, limit: SCAN_ROWS, maxBytes: SCAN_BYTES });
    const last = rows.at(-1);
    if (last === undefined) return sessions.finish();
    for (const row of rows) sessions.take(row);
    from = Buffer.concat([last.key, Uint8Array.of(0)]);
  }
}

/** Puts sessions together from their rows, each followed by those of its large answers. */
class SessionReader {
  readonly #sessions: Session[] = [];
  #stored: StoredSession | undefined;
  #answers: (Answer | undefined)[] = [];

  take({ key, value }: StateRow): void {
    const row = parseRowKey(key);
    if (row.kind === "session") {
      this.#complete();
      this.#stored = decodeSessionRow(row.sessionId, value);
      this.#answers = [...this.#stored.answers];
    } else if (row.kind === "answer") this.#takeAnswer(row.sessionId, row.sequence, value);
    else throw corrupt(`a ${row.kind} row stands among the sessions`);
  }

  finish(): readonly Session[] {
    this.#complete();
    return this.#sessions;
  }

  #takeAnswer(sessionId: number, sequence: number, row: Uint8Array): void {
    const position = sequence - (this.#stored?.acknowledgedThrough ?? 0) - 1;
    const isMissing = position in this.#answers && this.#answers[position] === undefined;
    if (this.#stored?.id !== sessionId || !isMissing) {
      throw corrupt(`an answer row ${sequence} of session ${sessionId} belongs to none`);
    }
    this.#answers[position] = decodeAnswerRow(row);
  }

  #complete(): void {
    if (this.#stored === undefined) return;
    const answers = this.#answers.filter((answer) => answer !== undefined);
    const { id } = this.#stored;
    if (answers.length < this.#answers.length) throw corrupt(`answer rows of session ${id} are missing`);
    this.#sessions.push({ ...this.#stored, answers, answerBytes: answersBytes(answers) });
    this.#stored = undefined;
  }
}

function corrupt(what: string): KvError {
  return new KvError("corruptState", `${what}: rebuild this node from the others`);
}
