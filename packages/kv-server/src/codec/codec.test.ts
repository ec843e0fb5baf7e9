import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer } from "../state/answer.ts";
import { plain } from "../test-rig/plain.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, varintLength } from "./byte-writer.ts";
import {
  answerRowKey,
  HISTORY_ROWS_END,
  historyRowKey,
  historyRowsFrom,
  historyRowsTo,
  indexRowKey,
  META_KEY,
  parseRowKey,
  sessionRowKey,
  valueRowKey,
} from "./row-keys.ts";
import {
  decodeHistoryRow,
  decodeIndexRow,
  decodeValueRow,
  encodeHistoryRow,
  encodeIndexRow,
  encodePlainValueRow,
  encodeValueRow,
} from "./rows.ts";
import { decodeAnswerRow, decodeSessionRow, encodeAnswerRow, encodeSessionRow } from "./session-row.ts";

const number = fc.oneof(fc.nat(), fc.maxSafeNat());
/** Mostly none. */
const lease = fc.oneof(fc.constant(0), fc.constant(0), fc.maxSafeNat());
const key = fc.uint8Array({ maxLength: 300 });

describe("numbers", () => {
  test("come back as they were written, up to the largest safe integer", () => {
    fc.assert(
      fc.property(fc.array(number), (numbers) => {
        const writer = new ByteWriter(1);
        for (const value of numbers) writer.varint(value).uint64(value);
        const reader = new ByteReader(writer.finish());
        for (const value of numbers) expect([reader.varint(), reader.uint64()]).toEqual([value, value]);
        reader.end();
      }),
    );
  });

  test("take as many bytes as foretold", () => {
    fc.assert(fc.property(number, (n) => new ByteWriter(1).varint(n).finish().length === varintLength(n)));
  });

  test("that are no safe integers are refused", () => {
    expect(() => new ByteReader(new Uint8Array(8).fill(0xff)).varint()).toThrow(RangeError);
    expect(() => new ByteReader(new Uint8Array(8).fill(0xff)).uint64()).toThrow(RangeError);
  });
});

describe("row keys", () => {
  test("are ordered as what they name", () => {
    const sign = Math.sign;
    fc.assert(
      fc.property(number, number, fc.nat(9), fc.nat(9), key, key, (a, b, subA, subB, keyA, keyB) => {
        expect(sign(Buffer.compare(valueRowKey(a, subA), valueRowKey(b, subB)))).toBe(sign(a - b || subA - subB));
        expect(sign(Buffer.compare(sessionRowKey(a), sessionRowKey(b)))).toBe(sign(a - b));
        expect(Buffer.compare(indexRowKey(keyA), indexRowKey(keyB))).toBe(Buffer.compare(keyA, keyB));
      }),
    );
    const kinds = [indexRowKey(new Uint8Array(9).fill(0xff)), META_KEY, valueRowKey(0, 0), sessionRowKey(0)];
    expect([...kinds].sort(Buffer.compare)).toEqual(kinds);
  });

  test("of history are ordered by key, then from the newest on, and those of a key stand between its bounds", () => {
    // Bytes that escaping has to do with, often.
    const tricky = fc.array(fc.oneof(fc.constantFrom(0, 1, 0xff), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(tricky, tricky, number, number, (a, b, revisionA, revisionB) => {
        const [keyA, keyB] = [Uint8Array.from(a), Uint8Array.from(b)];
        const order = Buffer.compare(keyA, keyB) || Math.sign(revisionB - revisionA);
        const rowA = historyRowKey(keyA, revisionA);
        expect(Math.sign(Buffer.compare(rowA, historyRowKey(keyB, revisionB)))).toBe(order);
        expect(Math.sign(Buffer.compare(historyRowsFrom(keyB), rowA))).toBe(Buffer.compare(keyB, keyA) || -1);
        expect(Math.sign(Buffer.compare(historyRowsTo(keyB), rowA))).toBe(Buffer.compare(keyB, keyA) || 1);
        expect(Buffer.compare(rowA, HISTORY_ROWS_END)).toBe(-1);
        expect(parseRowKey(rowA)).toEqual({ kind: "history", key: keyA, revision: revisionA });
      }),
    );
  });

  test("say what they name, and others are refused", () => {
    expect(parseRowKey(indexRowKey(Uint8Array.of(1, 2)))).toEqual({ kind: "index", key: Uint8Array.of(1, 2) });
    expect(parseRowKey(valueRowKey(2 ** 40 + 1, 7))).toEqual({ kind: "value", revision: 2 ** 40 + 1, sub: 7 });
    expect(parseRowKey(sessionRowKey(3))).toEqual({ kind: "session", sessionId: 3 });
    expect(parseRowKey(answerRowKey(3, 5))).toEqual({ kind: "answer", sessionId: 3, sequence: 5 });
    expect(Buffer.compare(sessionRowKey(3), answerRowKey(3, 1))).toBe(-1);
    expect(Buffer.compare(answerRowKey(3, 2 ** 40), sessionRowKey(4))).toBe(-1);
    for (const bad of [[], [1], [0x6d, 0], [0x73, 1], [0x72, ...new Array(13).fill(0)]]) {
      expect(() => parseRowKey(Uint8Array.from(bad))).toThrow(RangeError);
    }
  });
});

describe("rows", () => {
  test("come back as they were written", () => {
    fc.assert(
      fc.property(number, number, number, lease, key, key, (a, b, c, leaseId, rowKey, value) => {
        const record = { createRevision: a, modRevision: b, sub: 3, version: c, valueLength: 9, leaseId };
        expect(decodeIndexRow(encodeIndexRow(record))).toEqual(record);
        const row = {
          key: rowKey,
          value,
          deleted: false,
          createRevision: 0,
          version: 0,
          leaseId: 0,
          supersedes: undefined,
        };
        expect(decodeValueRow(encodePlainValueRow(rowKey, value))).toEqual(row);
        for (const write of [
          row,
          { ...row, createRevision: a, version: c, leaseId, supersedes: { modRevision: Math.max(b, 1), sub: 3 } },
          { ...row, deleted: true },
        ]) {
          expect(decodeValueRow(encodeValueRow(write))).toEqual(write);
        }
        for (const past of [{ kind: "written", record } as const, { kind: "deleted", sub: 7 } as const]) {
          expect(decodeHistoryRow(encodeHistoryRow(past))).toEqual(past);
        }
      }),
    );
  });

  test("without a lease are what versions of raftkv without leases wrote", () => {
    const record = { createRevision: 1, modRevision: 300, sub: 0, version: 2, valueLength: 1, leaseId: 0 };
    const write = {
      key: Buffer.from("k"),
      value: Buffer.from("v"),
      deleted: false,
      createRevision: 1,
      version: 2,
      leaseId: 0,
    };
    expect([...encodeIndexRow(record)]).toEqual([1, 1, 0xac, 2, 0, 2, 1]);
    expect([...encodeHistoryRow({ kind: "written", record })]).toEqual([2, 1, 1, 0xac, 2, 0, 2, 1]);
    expect([...encodeValueRow({ ...write, supersedes: undefined })]).toEqual([2, 1, 1, 2, 0, 1, 0x6b, 0x76]);
  });

  test("of sessions keep every kind of answer", () => {
    const session = {
      id: 4,
      ttlMs: 5_000,
      lastActiveMs: 2 ** 45,
      acknowledgedThrough: 17,
      answerBytes: 0,
      answers: [
        { kind: "put", revision: 2 ** 50 },
        { kind: "delete", revision: 3, deleted: true },
        { kind: "delete", revision: 3, deleted: false },
        { kind: "skip" },
        { kind: "refused", code: "keyEmpty" },
        { kind: "refused", code: "invalidOperation" },
      ] as const,
    };
    const { answerBytes: _, ...stored } = session;
    expect(decodeSessionRow(4, encodeSessionRow({ ...session, answers: [...session.answers] }))).toEqual(stored);
  });

  test("of sessions leave out large answers, which have rows of their own", () => {
    const record = { createRevision: 1, modRevision: 2, version: 1, leaseId: 0 };
    const entry = (size: number) => ({ key: Buffer.from("k"), value: new Uint8Array(size), ...record });
    const large: Answer = { kind: "delete", revision: 4, deleted: true, previous: entry(5_000) };
    const small: Answer = { kind: "delete", revision: 5, deleted: true, previous: entry(5) };
    const session = { id: 4, ttlMs: 5_000, lastActiveMs: 1, acknowledgedThrough: 17, answerBytes: 5_100 };
    const row = encodeSessionRow({ ...session, answers: [large, small] });
    expect(row.length).toBeLessThan(50);
    expect(plain(decodeSessionRow(4, row).answers)).toEqual(plain([undefined, small]));
    expect(plain(decodeAnswerRow(encodeAnswerRow(large, 5_070)))).toEqual(plain(large));
  });

  test("that end early, go on too long or are damaged are refused", () => {
    const row = encodeIndexRow({ createRevision: 1, modRevision: 300, sub: 0, version: 1, valueLength: 0, leaseId: 0 });
    for (const bad of [row.subarray(0, 3), Buffer.concat([row, row]), Uint8Array.of(0, ...row.subarray(1))]) {
      expect(() => decodeIndexRow(bad)).toThrow(expect.objectContaining({ code: "corruptState" }));
    }
    expect(() => decodeIndexRow(Uint8Array.of(3, ...row.subarray(1)))).toThrow(
      expect.objectContaining({ code: "newerFormat" }),
    );
  });
});
