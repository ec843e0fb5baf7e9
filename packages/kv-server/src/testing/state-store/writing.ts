import assert from "node:assert/strict";
import { assertSameBytes, patternBytes } from "@raftkv/raft-core/testing";
import { allRows, assertSameRows, bytes, puts, removes, row } from "./rows.ts";
import type { StoreTests } from "./suite.ts";

const mebibyte = 1024 * 1024;

export function writingTests(tests: StoreTests): void {
  tests.describe("writing", () => {
    tests.withStore("a batch adds, replaces and removes, and moves the applied index", async (store) => {
      await store.write(puts(5, row("a", "1"), row("b", "1"), row("c", "1")));
      assert.equal(store.appliedIndex(), 5);
      await store.write({
        appliedIndex: 9,
        changes: [
          { key: bytes("a"), value: bytes("2") },
          { key: bytes("b"), value: undefined },
          { key: bytes("d"), value: bytes("2") },
          { key: bytes("x"), value: undefined },
        ],
      });
      assert.equal(store.appliedIndex(), 9);
      assertSameRows(await allRows(store), [row("a", "2"), row("c", "1"), row("d", "2")], "after both batches");
    });

    tests.withStore("a batch without changes moves the applied index alone", async (store) => {
      await store.write(puts(5, row("a", "1")));
      await store.write({ appliedIndex: 6, changes: [] });
      assert.equal(store.appliedIndex(), 6);
      assertSameRows(await allRows(store), [row("a", "1")], "the rows stay");
    });

    tests.withStore("a batch may leave the applied index where it is", async (store) => {
      await store.write(puts(5, row("a", "1"), row("b", "1")));
      await store.write(removes(5, "a"));
      assert.equal(store.appliedIndex(), 5);
      assertSameRows(await allRows(store), [row("b", "1")], "one is gone");
    });

    tests.withStore("an empty value is a value, and an empty key a key", async (store) => {
      await store.write(puts(1, row("", "of the empty key"), row("a", "")));
      assertSameRows(await allRows(store), [row("", "of the empty key"), row("a", "")], "both rows");
      await store.write(removes(2, "", "a"));
      assertSameRows(await allRows(store), [], "both removed");
    });

    tests.withStore("values of a mebibyte and more come back whole", async (store) => {
      const values = [patternBytes(mebibyte, 1), patternBytes(mebibyte + 1, 2), patternBytes(3 * mebibyte, 3)];
      await store.write(puts(1, ...values.map((value, i) => row(`large-${i}`, value))));
      const found = await store.getMany(values.map((_, i) => bytes(`large-${i}`)));
      for (const [i, value] of values.entries()) assertSameBytes(found[i], value, `value ${i}`);
    });

    tests.withStore("writes that do not wait for each other take effect in their order", async (store) => {
      const order: number[] = [];
      const writes = Array.from({ length: 30 }, (_, i) =>
        store.write(puts(i + 1, row("same", `${i}`), row(`own-${i}`, "x"))).then(() => order.push(i)),
      );
      await Promise.all(writes);
      assert.deepEqual(
        order,
        Array.from({ length: 30 }, (_, i) => i),
      );
      assert.equal(store.appliedIndex(), 30);
      const [value] = await store.getMany([bytes("same")]);
      assertSameBytes(value, bytes("29"), "the last writer wins");
      assert.equal((await allRows(store)).length, 31);
    });

    tests.withStore("the caller may use its buffers again, going in and coming out", async (store) => {
      const given = { key: bytes("key"), value: bytes("value") };
      await store.write({ appliedIndex: 1, changes: [given] });
      given.key.fill(0x21);
      given.value.fill(0x21);
      assertSameRows(await allRows(store), [row("key", "value")], "after the written buffers changed");
      for (const found of await allRows(store)) {
        found.key.fill(0x22);
        found.value.fill(0x22);
      }
      (await store.getMany([bytes("key")]))[0]?.fill(0x23);
      assertSameRows(await allRows(store), [row("key", "value")], "after the buffers read changed");
    });

    tests.withStore("sizeBytes() grows with what is stored", async (store) => {
      const before = store.sizeBytes();
      await store.write(puts(1, row("a", patternBytes(3 * mebibyte))));
      const grown = store.sizeBytes() - before;
      assert.ok(grown >= 2 * mebibyte, `storing 3 MiB made sizeBytes() grow by ${grown}`);
    });

    tests.withStore("usedBytes() grows with what is stored, and shrinks with what is removed", async (store) => {
      const before = store.usedBytes();
      await store.write(puts(1, row("a", patternBytes(3 * mebibyte))));
      const used = store.usedBytes();
      assert.ok(used - before >= 2 * mebibyte, `storing 3 MiB made usedBytes() grow by ${used - before}`);
      assert.ok(used <= store.sizeBytes(), `${used} bytes are used of ${store.sizeBytes()}`);
      await store.write(removes(2, "a"));
      const left = store.usedBytes() - before;
      assert.ok(left <= mebibyte / 2, `${left} bytes are still used of what was removed`);
    });

    if (!tests.durable) return;
    tests.withRestart("rows and applied index are there after a restart", async (session) => {
      const rows = [row([0], ""), row("a", "1"), row("big", patternBytes(mebibyte)), row([0xff, 0x00], "z")];
      await session.store().write(puts(7, ...rows, row("b", "gone soon")));
      await session.store().write(removes(8, "b"));
      const reopened = await session.restart();
      assert.equal(reopened.appliedIndex(), 8);
      assertSameRows(await allRows(reopened), rows, "after the restart");
      await reopened.write(puts(9, row("c", "3")));
      assert.equal((await session.restart()).appliedIndex(), 9);
    });
  });
}
