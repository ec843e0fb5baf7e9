import type { Answer, RefusalCode, StepAnswer } from "../state/answer.ts";
import type { KeyEntry } from "../state/key-record.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

const PUT = 1;
const DELETE_FOUND = 2;
const DELETE_MISSED = 3;
const SKIP = 4;
const REFUSED = 5;
const COMPACT = 6;
const PUT_OVER = 7;
const DELETE_PREVIOUS = 8;
const DELETE_RANGE = 9;
const TRANSACTION = 10;
const GET_FOUND = 11;
const GET_MISSED = 12;
const RANGE = 13;
const GRANT_LEASE = 20;
const KEEP_LEASE_ALIVE = 21;
const REVOKE_LEASE = 22;
/** It stands in a row of its own. */
export const ELSEWHERE = 30;

/** The kinds, and the refusals, that the first format of a session row has. */
const FIRST_FORMAT_KINDS: ReadonlySet<Answer["kind"]> = new Set(["put", "delete", "skip", "refused", "compact"]);
const FIRST_FORMAT_REFUSALS = 4;

/** Only refusals that use up a sequence are kept. The numbers are stored: never change one. */
const REFUSAL_NUMBERS: ReadonlyMap<RefusalCode, number> = new Map<RefusalCode, number>([
  ["invalidOperation", 1],
  ["keyEmpty", 2],
  ["compacted", 3],
  ["futureRevision", 4],
  ["operationTooLarge", 5],
  ["duplicateKey", 6],
  ["keyNotFound", 7],
  ["fenced", 8],
  ["leaseNotFound", 20],
  ["leaseExists", 21],
  ["tooManyLeases", 22],
  ["invalidLeaseTtl", 23],
  ["invalidLeaseId", 24],
  ["invalidPutLease", 25],
]);
const REFUSALS: ReadonlyMap<number, RefusalCode> = new Map(
  [...REFUSAL_NUMBERS].map(([code, number]): [number, RefusalCode] => [number, code]),
);

/** Whether versions of raftkv before transactions can read the answer. */
export function isOfFirstFormat(answer: Answer): boolean {
  if (answer.kind === "refused") return refusalNumber(answer.code) <= FIRST_FORMAT_REFUSALS;
  return FIRST_FORMAT_KINDS.has(answer.kind) && !("previous" in answer);
}

export function writeAnswer(writer: ByteWriter, answer: Answer | StepAnswer): void {
  switch (answer.kind) {
    case "put":
      if (answer.previous === undefined) writer.byte(PUT).varint(answer.revision);
      else writeEntry(writer.byte(PUT_OVER).varint(answer.revision), answer.previous);
      return;
    case "delete":
      if (answer.previous !== undefined) {
        writeEntry(writer.byte(DELETE_PREVIOUS).varint(answer.revision), answer.previous);
      } else writer.byte(answer.deleted ? DELETE_FOUND : DELETE_MISSED).varint(answer.revision);
      return;
    case "deleteRange":
      writer.byte(DELETE_RANGE).varint(answer.revision).varint(answer.deleted);
      writeEntries(writer, answer.previous);
      return;
    case "transaction":
      writer
        .byte(TRANSACTION)
        .varint(answer.revision)
        .byte(answer.succeeded ? 1 : 0)
        .varint(answer.results.length);
      for (const result of answer.results) writeAnswer(writer, result);
      return;
    case "get":
      if (answer.entry === undefined) writer.byte(GET_MISSED);
      else writeEntry(writer.byte(GET_FOUND), answer.entry);
      return;
    case "range":
      writer
        .byte(RANGE)
        .byte(answer.more ? 1 : 0)
        .varint(answer.count);
      writeEntries(writer, answer.entries);
      return;
    case "skip":
      writer.byte(SKIP);
      return;
    case "compact":
      writer.byte(COMPACT).varint(answer.compactRevision);
      return;
    case "grantLease":
      writer.byte(GRANT_LEASE).varint(answer.leaseId).varint(answer.ttlMs);
      return;
    case "keepLeaseAlive":
      writer.byte(KEEP_LEASE_ALIVE).varint(answer.ttlMs);
      return;
    case "revokeLease":
      writer.byte(REVOKE_LEASE).varint(answer.revision).varint(answer.deleted);
      return;
    case "refused":
      writer.byte(REFUSED).varint(refusalNumber(answer.code));
      return;
    case "openSession":
    case "closeSession":
    case "raiseApplyVersion":
    case "expireLeases":
    case "checkState":
      throw new Error(`a session never keeps an answer of kind ${answer.kind}`);
  }
}

export function readAnswer(reader: ByteReader): Answer {
  const answer = readStepAnswer(reader);
  if (answer.kind === "get" || answer.kind === "range") throw new RangeError(`${answer.kind} is no operation`);
  return answer;
}

function readStepAnswer(reader: ByteReader): Answer | StepAnswer {
  const kind = reader.byte();
  switch (kind) {
    case PUT:
      return { kind: "put", revision: reader.varint() };
    case PUT_OVER:
      return { kind: "put", revision: reader.varint(), previous: readEntry(reader) };
    case DELETE_FOUND:
      return { kind: "delete", revision: reader.varint(), deleted: true };
    case DELETE_MISSED:
      return { kind: "delete", revision: reader.varint(), deleted: false };
    case DELETE_PREVIOUS:
      return { kind: "delete", revision: reader.varint(), deleted: true, previous: readEntry(reader) };
    case DELETE_RANGE:
      return {
        kind: "deleteRange",
        revision: reader.varint(),
        deleted: reader.varint(),
        previous: readEntries(reader),
      };
    case TRANSACTION:
      return readTransaction(reader);
    case GET_FOUND:
      return { kind: "get", entry: readEntry(reader) };
    case GET_MISSED:
      return { kind: "get", entry: undefined };
    case RANGE:
      return { kind: "range", more: reader.byte() === 1, count: reader.varint(), entries: readEntries(reader) };
    case SKIP:
      return { kind: "skip" };
    case COMPACT:
      return { kind: "compact", compactRevision: reader.varint() };
    case GRANT_LEASE:
      return { kind: "grantLease", leaseId: reader.varint(), ttlMs: reader.varint() };
    case KEEP_LEASE_ALIVE:
      return { kind: "keepLeaseAlive", ttlMs: reader.varint() };
    case REVOKE_LEASE:
      return { kind: "revokeLease", revision: reader.varint(), deleted: reader.varint() };
    case REFUSED:
      return { kind: "refused", code: refusalOf(reader.varint()) };
    default:
      throw new RangeError(`no answer has kind ${kind}`);
  }
}

function readTransaction(reader: ByteReader): Answer {
  const revision = reader.varint();
  const succeeded = reader.byte() === 1;
  const results = readList(reader, () => {
    const answer = readStepAnswer(reader);
    switch (answer.kind) {
      case "put":
      case "delete":
      case "deleteRange":
      case "transaction":
      case "get":
      case "range":
        return answer;
      default:
        throw new RangeError(`${answer.kind} is no step of a transaction`);
    }
  });
  return { kind: "transaction", revision, succeeded, results };
}

function writeEntries(writer: ByteWriter, entries: readonly KeyEntry[]): void {
  writer.varint(entries.length);
  for (const entry of entries) writeEntry(writer, entry);
}

function readEntries(reader: ByteReader): readonly KeyEntry[] {
  return readList(reader, () => readEntry(reader));
}

function readList<Item>(reader: ByteReader, read: () => Item): readonly Item[] {
  const items: Item[] = [];
  for (let count = reader.varint(); count > 0; count--) items.push(read());
  return items;
}

function writeEntry(writer: ByteWriter, entry: KeyEntry): void {
  writer
    .prefixed(entry.key)
    .prefixed(entry.value)
    .varint(entry.createRevision)
    .varint(entry.modRevision)
    .varint(entry.version)
    .varint(entry.leaseId);
}

function readEntry(reader: ByteReader): KeyEntry {
  return {
    key: reader.prefixed(),
    value: reader.prefixed(),
    createRevision: reader.varint(),
    modRevision: reader.varint(),
    version: reader.varint(),
    leaseId: reader.varint(),
  };
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
