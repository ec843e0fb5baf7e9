import type { Entry } from "@raftkv/raft-core";
import { integerBetween, patternBytes, seededRandom } from "@raftkv/raft-core/testing";
import { expect, it } from "vitest";
import { twoMembers } from "../testing/sample-entries.ts";
import {
  type Block,
  blockTargetBytes,
  decodeBlock,
  encodeBlocks,
  joinBlocks,
  sliceBlock,
  takeWithin,
  termAt,
} from "./block.ts";
import { fromRow, toRow } from "./block-row.ts";

const random = seededRandom(3);

function randomEntries(count: number): readonly Entry[] {
  let term = 1;
  const first = integerBetween(random, 1, 1_000_000);
  return Array.from({ length: count }, (_, offset): Entry => {
    if (random.next() < 0.1) term = term === 3 ? Number.MAX_SAFE_INTEGER - 9 : term + 1;
    const index = first + offset;
    const choice = random.next();
    if (choice < 0.2) return { kind: "noop", index, term };
    if (choice < 0.4) return { kind: "membership", index, term, membership: twoMembers };
    return { kind: "command", index, term, payload: patternBytes(integerBetween(random, 0, 300), index) };
  });
}

function onlyBlock(entries: readonly Entry[]): Block {
  const [block, ...others] = encodeBlocks(entries);
  if (block === undefined || others.length > 0) throw new Error("expected a single block");
  return block;
}

function decode(block: Block): readonly Entry[] {
  return decodeBlock(block, "raft.db");
}

it("decodes to what was encoded, through a row, however it is cut and joined", () => {
  for (let round = 0; round < 200; round++) {
    const entries = randomEntries(integerBetween(random, 1, 40));
    const block = onlyBlock(entries);
    const { first, head, body } = toRow(block);
    expect(fromRow([first, head, body], "raft.db")).toEqual(block);
    expect(decode(block)).toEqual(entries);
    for (const entry of entries) expect(termAt(block, entry.index)).toBe(entry.term);

    const cut = integerBetween(random, block.first, block.last);
    const left = sliceBlock(block, block.first, cut);
    expect(decode(left)).toEqual(entries.filter(({ index }) => index <= cut));
    if (cut < block.last) {
      const right = sliceBlock(block, cut + 1, block.last);
      expect(decode(right)).toEqual(entries.filter(({ index }) => index > cut));
      expect(joinBlocks([left, right])).toEqual(block);
    }
  }
});

it("takes as many entries as fit, and none that does not", () => {
  const entries: readonly Entry[] = [1, 2, 3, 4].map((index) => ({
    kind: "command",
    index,
    term: 1,
    payload: patternBytes(95, index),
  }));
  const block = onlyBlock(entries);
  const lastTaken = (from: number, maxBytes: number) => takeWithin(block, from, 4, maxBytes)?.last;
  expect(lastTaken(1, 99)).toBeUndefined();
  expect(lastTaken(1, 100)).toBe(1);
  expect(lastTaken(2, 299)).toBe(3);
  expect(lastTaken(2, 1_000)).toBe(4);
});

it("starts a new block where one would grow too large, and never splits an entry", () => {
  const sizes = [100_000, 100_000, 100_000, 700_000, 10, 10];
  const entries = sizes.map((size, position): Entry => {
    return { kind: "command", index: 5 + position, term: 2, payload: patternBytes(size, position) };
  });
  const blocks = encodeBlocks(entries);
  expect(blocks.map(({ first, last }) => [first, last])).toEqual([
    [5, 6],
    [7, 7],
    [8, 8],
    [9, 10],
  ]);
  expect(blocks.filter(({ first, last, body }) => first !== last && body.byteLength > blockTargetBytes)).toEqual([]);
  expect(blocks.flatMap(decode)).toEqual(entries);
});

it("refuses entries that do not follow each other", () => {
  const noop = (index: number, term: number): Entry => ({ kind: "noop", index, term });
  expect(() => encodeBlocks([noop(1, 1), noop(3, 1)])).toThrow(/entry 3 of term 1 cannot follow entry 1 of term 1/);
  expect(() => encodeBlocks([noop(1, 2), noop(2, 1)])).toThrow(/entry 2 of term 1 cannot follow/);
});

it("finds any flipped bit of a row", () => {
  const { first, head, body } = toRow(onlyBlock(randomEntries(12)));
  for (const bytes of [head, body]) {
    for (let bit = 0; bit < bytes.byteLength * 8; bit += 7) {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => fromRow([first, head, body], "raft.db"), `bit ${bit}`).toThrow(/checksum/);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  }
  expect(() => fromRow([first + 1, head, body], "raft.db")).toThrow(/holds the block at/);
});
