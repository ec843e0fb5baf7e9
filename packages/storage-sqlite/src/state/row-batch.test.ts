import { integerBetween, patternBytes, seededRandom } from "@raftkv/raft-core/testing";
import { expect, it } from "vitest";
import { openStored, packedRows, packRows, packRowsInTurns, sealStored } from "./row-batch.ts";

it("unpacks what was packed: empty keys, empty values and removals too", () => {
  const random = seededRandom(8);
  const rows = Array.from({ length: 300 }, (_, row) => ({
    key: patternBytes(integerBetween(random, 0, 30), row),
    value: random.next() < 0.2 ? undefined : patternBytes(integerBetween(random, 0, 50), row + 1),
  }));
  const batch = packRows(rows);
  const unpacked = [...packedRows(batch)].map(({ key, stored }) => {
    if (stored.byteLength === 0) return { key, value: undefined };
    sealStored(key, stored);
    return { key, value: openStored(key, stored, "kv.db") };
  });
  expect(unpacked).toEqual(rows);
});

it("packs many rows as it does few, with turns in between", async () => {
  const rows = Array.from({ length: 9_000 }, (_, row) => ({
    key: patternBytes(row % 30, row),
    value: row % 5 === 0 ? undefined : patternBytes(row % 50, row + 1),
  }));
  let turns = 0;
  const batch = await packRowsInTurns(rows, async () => {
    turns++;
  });
  expect({ batch, turns }).toEqual({ batch: packRows(rows), turns: 4 });
});

it("ties a value to its key, bit for bit", () => {
  const [row] = packedRows(packRows([{ key: patternBytes(9, 1), value: patternBytes(40, 2) }]));
  if (row === undefined) throw new Error("expected a row");
  const { key, stored } = row;
  sealStored(key, stored);
  expect(openStored(key, stored, "kv.db")).toEqual(patternBytes(40, 2));
  for (const bytes of [key, stored]) {
    for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openStored(key, stored, "kv.db"), `bit ${bit}`).toThrow(/kv\.db is damaged/);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  }
  expect(() => openStored(key, stored.subarray(0, 3), "kv.db")).toThrow(/damaged/);
});
