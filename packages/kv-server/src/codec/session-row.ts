import type { Answer } from "../state/answer.ts";
import { isLarge, type Session } from "../state/session.ts";
import { ELSEWHERE, isOfFirstFormat, readAnswer, writeAnswer } from "./answer-codec.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeRow, ROW_FORMAT } from "./rows.ts";

/** Of a session that keeps answers which versions of raftkv without transactions do not know. */
const LATER_ANSWERS_FORMAT = 2;

/** A session whose large answers are still to be read, each from its answer row. */
export interface StoredSession extends Omit<Session, "answers" | "answerBytes"> {
  readonly answers: readonly (Answer | undefined)[];
}

/** A row is written whenever anything is heard from the session: large answers, which do not change, stand in answer rows. */
export function encodeSessionRow(session: Session): Uint8Array {
  const writer = new ByteWriter(32 + session.answers.length * 6)
    .byte(session.answers.every(isOfFirstFormat) ? ROW_FORMAT : LATER_ANSWERS_FORMAT)
    .varint(session.ttlMs)
    .varint(session.lastActiveMs)
    .varint(session.acknowledgedThrough)
    .varint(session.answers.length);
  for (const answer of session.answers) {
    if (isLarge(answer)) writer.byte(ELSEWHERE);
    else writeAnswer(writer, answer);
  }
  return writer.finish();
}

export function decodeSessionRow(id: number, row: Uint8Array): StoredSession {
  return decodeRow("a session row", row, LATER_ANSWERS_FORMAT, (reader) => {
    const ttlMs = reader.varint();
    const lastActiveMs = reader.varint();
    const acknowledgedThrough = reader.varint();
    const count = reader.varint();
    const answers: (Answer | undefined)[] = [];
    for (let i = 0; i < count; i++) answers.push(reader.skipIf(ELSEWHERE) ? undefined : readAnswer(reader));
    return { id, ttlMs, lastActiveMs, acknowledgedThrough, answers };
  });
}

export function encodeAnswerRow(answer: Answer, bytes: number): Uint8Array {
  const writer = new ByteWriter(32 + bytes).byte(ROW_FORMAT);
  writeAnswer(writer, answer);
  return writer.finish();
}

export function decodeAnswerRow(row: Uint8Array): Answer {
  return decodeRow("an answer row", row, ROW_FORMAT, readAnswer);
}
