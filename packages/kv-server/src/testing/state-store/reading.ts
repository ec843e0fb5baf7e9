import assert from "node:assert/strict";
import { hex, patternBytes } from "@raftkv/raft-core/testing";
import type { StateRow } from "../../ports/state-store.ts";
import { allRows, assertSameRows, bytes, everything, puts, row } from "./rows.ts";
import type { StoreTests } from "./suite.ts";

/** In the order that the port demands. */
const awkwardKeys: readonly (readonly number[])[] = [
  [0x00],
  [0x00, 0x00],
  [0x00, 0xff],
  [0x01],
  [0x61],
  [0x61, 0x00],
  [0x61, 0x00, 0x00],
  [0x61, 0x01],
  [0x61, 0x7f],
  [0x61, 0x80],
  [0x61, 0xff],
  [0x61, 0xff, 0xff],
  [0x62],
  [0x7f],
  [0x80],
  [0xc3, 0x28],
  [0xff],
  [0xff, 0x00],
  [0xff, 0xff],
];

export function readingTests(tests: StoreTests): void {
  tests.describe("reading", () => {
    tests.withStore("a fresh store is empty, at index 0", async (store) => {
      assert.equal(store.appliedIndex(), 0);
      assertSameRows(await allRows(store), [], "scan");
      assert.deepEqual(await store.getMany([bytes("a")]), [undefined]);
      assert.deepEqual(await store.getMany([]), []);
    });

    tests.withStore("keys compare bytewise and unsigned, a prefix comes first", async (store) => {
      const rows = awkwardKeys.map((key, position) => row(key, `value ${position}`));
      await store.write(puts(1, ...rows));
      assertSameRows(await allRows(store), rows, "scan of all rows");
      for (const [position, { key }] of rows.entries()) {
        const upTo = await store.scan({ from: new Uint8Array(0), to: key, limit: everything, maxBytes: everything });
        assertSameRows(upTo, rows.slice(0, position), `up to ${hex(key)}, exclusive`);
        const from = await store.scan({ from: key, to: undefined, limit: everything, maxBytes: everything });
        assertSameRows(from, rows.slice(position), `from ${hex(key)}, inclusive`);
      }
    });

    tests.withStore("getMany answers in the order asked, undefined where there is no row", async (store) => {
      await store.write(puts(1, row("a", "1"), row("b", ""), row("c", "3")));
      const found = await store.getMany([bytes("c"), bytes("x"), bytes("a"), bytes("b"), bytes("c"), bytes("")]);
      assert.deepEqual(
        found.map((value) => (value === undefined ? undefined : hex(value))),
        [hex(bytes("3")), undefined, hex(bytes("1")), "", hex(bytes("3")), undefined],
      );
    });

    tests.withStore("getMany takes more keys than a database takes parameters", async (store) => {
      const rows = manyRows(3000);
      await store.write(puts(1, ...rows));
      const keys = Array.from({ length: 40_000 }, (_, i) => bytes(`key-${String(i % 4000).padStart(6, "0")}`));
      const found = await store.getMany(keys);
      assert.equal(found.length, keys.length);
      for (const [i, value] of found.entries()) {
        const expected = i % 4000 < 3000 ? `value ${i % 4000}` : undefined;
        assert.equal(value === undefined ? undefined : new TextDecoder().decode(value), expected, `answer ${i}`);
      }
    });

    scanTests(tests);
  });
}

function scanTests(tests: StoreTests): void {
  tests.withStore("scan honours both ends and the limit", async (store) => {
    const rows = ["a", "b", "c", "d", "e"].map((key) => row(key, key));
    await store.write(puts(1, ...rows));
    const scan = (from: string, to: string | undefined, limit: number) =>
      store.scan({ from: bytes(from), to: to === undefined ? undefined : bytes(to), limit, maxBytes: everything });
    assertSameRows(await scan("b", "d", everything), rows.slice(1, 3), "b to d");
    assertSameRows(await scan("b", undefined, 2), rows.slice(1, 3), "two from b");
    assertSameRows(await scan("bb", "dd", everything), rows.slice(2, 4), "ends between rows");
    assertSameRows(await scan("c", "c", everything), [], "an empty range");
    assertSameRows(await scan("d", "b", everything), [], "a range that ends before it begins");
    assertSameRows(await scan("f", undefined, everything), [], "behind the last row");
    assertSameRows(await scan("", "a", everything), [], "before the first row");
  });

  tests.withStore("scan stops at maxBytes, but gives at least one row", async (store) => {
    const rows = Array.from({ length: 9 }, (_, i) => row(`k${i}`, patternBytes(1000, i)));
    await store.write(puts(1, ...rows));
    const scan = (maxBytes: number) => store.scan({ from: bytes("k2"), to: undefined, limit: everything, maxBytes });
    assertSameRows(await scan(1), rows.slice(2, 3), "maxBytes 1");
    const some = await scan(3500);
    assert.ok(some.length >= 2 && some.length <= 3, `3500 bytes of 1000 byte values gave ${some.length} rows`);
    assertSameRows(some, rows.slice(2, 2 + some.length), "maxBytes 3500 gives the first ones");
  });

  tests.withStore("scanning on from the last row, page by page, sees each row once", async (store) => {
    const rows = manyRows(500);
    await store.write(puts(1, ...rows));
    const found: StateRow[] = [];
    let from: Uint8Array = new Uint8Array(0);
    for (;;) {
      const page = await store.scan({ from, to: undefined, limit: 37, maxBytes: everything });
      found.push(...page);
      const last = page.at(-1);
      if (last === undefined) break;
      from = Buffer.concat([last.key, new Uint8Array(1)]);
    }
    assertSameRows(found, rows, "all pages together");
  });
}

function manyRows(count: number): readonly StateRow[] {
  return Array.from({ length: count }, (_, i) => row(`key-${String(i).padStart(6, "0")}`, `value ${i}`));
}
