import type { Answer, RefusalCode } from "../state/answer.ts";
import { answerBytes } from "../state/answer-bytes.ts";
import type { Session } from "../state/session.ts";
import type { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeRow, ROW_FORMAT } from "./rows.ts";

const PUT = 1;
const DELETE_FOUND = 2;
const DELETE_MISSED = 3;
const SKIP = 4;
const REFUSED = 5;
const COMPACT = 6;

/** Only refusals that use up a sequence are kept. The numbers are stored: never change one. */
const REFUSAL_NUMBERS: ReadonlyMap<RefusalCode, number> = new Map<RefusalCode, number>([
  ["invalidOperation", 1],
  ["keyEmpty", 2],
  ["compacted", 3],
  ["futureRevision", 4],
]);
const REFUSALS: ReadonlyMap<number, RefusalCode> = new Map(
  [...REFUSAL_NUMBERS].map(([code, number]): [number, RefusalCode] => [number, code]),
);

export function encodeSessionRow(session: Session): Uint8Array {
  const writer = new ByteWriter(32 + session.answers.length * 6)
    .byte(ROW_FORMAT)
    .varint(session.ttlMs)
    .varint(session.lastActiveMs)
    .varint(session.acknowledgedThrough)
    .varint(session.answers.length);
  for (const answer of session.answers) writeAnswer(writer, answer);
  return writer.finish();
}

export function decodeSessionRow(id: number, row: Uint8Array): Session {
  return decodeRow("a session row", row, ROW_FORMAT, (reader) => {
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

function writeAnswer(writer: ByteWriter, answer: Answer): void {
  switch (answer.kind) {
    case "put":
      writer.byte(PUT).varint(answer.revision);
      return;
    case "delete":
      writer.byte(answer.deleted ? DELETE_FOUND : DELETE_MISSED).varint(answer.revision);
      return;
    case "skip":
      writer.byte(SKIP);
      return;
    case "compact":
      writer.byte(COMPACT).varint(answer.compactRevision);
      return;
    case "refused":
      writer.byte(REFUSED).varint(refusalNumber(answer.code));
      return;
    case "openSession":
    case "closeSession":
    case "raiseApplyVersion":
      throw new Error(`a session never keeps an answer of kind ${answer.kind}`);
  }
}

function readAnswer(reader: ByteReader): Answer {
  const kind = reader.byte();
  switch (kind) {
    case PUT:
      return { kind: "put", revision: reader.varint() };
    case DELETE_FOUND:
      return { kind: "delete", revision: reader.varint(), deleted: true };
    case DELETE_MISSED:
      return { kind: "delete", revision: reader.varint(), deleted: false };
    case SKIP:
      return { kind: "skip" };
    case COMPACT:
      return { kind: "compact", compactRevision: reader.varint() };
    case REFUSED:
      return { kind: "refused", code: refusalOf(reader.varint()) };
    default:
      throw new RangeError(`no answer has kind ${kind}`);
  }
}

function refusalNumber(code: RefusalCode): number {
  const number = REFUSAL_NUMBERS.get(code);
  if (number === undefined) throw new Error(`a session never keeps the refusal ${code}`);
  return number;
}

function refusalOf(number: number): RefusalCode {
  const code = REFUSALS.get(number);
  if (code === undefined) throw new RangeError(`no refusal has number ${number}`);
  return code;
}
