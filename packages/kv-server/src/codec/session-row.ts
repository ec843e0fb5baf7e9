import type { Answer } from "../state/answer.ts";
import { answerBytes } from "../state/answer-bytes.ts";
import type { Session } from "../state/session.ts";
import { isOfFirstFormat, readAnswer, writeAnswer } from "./answer-codec.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeRow, ROW_FORMAT } from "./rows.ts";

/** Of a session that keeps answers which versions of raftkv without transactions do not know. */
const LATER_ANSWERS_FORMAT = 2;

export function encodeSessionRow(session: Session): Uint8Array {
  const writer = new ByteWriter(32 + session.answers.length * 6 + session.answerBytes)
    .byte(session.answers.every(isOfFirstFormat) ? ROW_FORMAT : LATER_ANSWERS_FORMAT)
    .varint(session.ttlMs)
    .varint(session.lastActiveMs)
    .varint(session.acknowledgedThrough)
    .varint(session.answers.length);
  for (const answer of session.answers) writeAnswer(writer, answer);
  return writer.finish();
}

export function decodeSessionRow(id: number, row: Uint8Array): Session {
  return decodeRow("a session row", row, LATER_ANSWERS_FORMAT, (reader) => {
    const ttlMs = reader.varint();
    const lastActiveMs = reader.varint();
    const acknowledgedThrough = reader.varint();
    const count = reader.varint();
    const answers: Answer[] = [];
    for (let i = 0; i < count; i++) answers.push(readAnswer(reader));
    const bytes = answers.reduce((sum, answer) => sum + answerBytes(answer), 0);
    return { id, ttlMs, lastActiveMs, acknowledgedThrough, answers, answerBytes: bytes };
  });
}
