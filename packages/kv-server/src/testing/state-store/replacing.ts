import assert from "node:assert/strict";
import { patternBytes } from "@raftkv/raft-core/testing";
import type { StateRow } from "../../ports/state-store.ts";
import { allRows, assertSameRows, inBatches, puts, row } from "./rows.ts";
import type { StoreTests } from "./suite.ts";

const newRows = Array.from({ length: 500 }, (_, i) => row(`new-${String(i).padStart(4, "0")}`, patternBytes(i, i)));

async function* broken(rows: readonly StateRow[]): AsyncGenerator<readonly StateRow[]> {
  yield* inBatches(rows, 100);
  throw new Error("the rows broke off");
}

export function replacingTests(tests: StoreTests): void {
  tests.describe("replacing everything", () => {
    tests.withStore("leaves nothing of the old content, and takes the applied index", async (store) => {
      await store.write(puts(50, row("a", "old"), row("new-0003", "old"), row("zzz", "old")));
      await store.replace(30, inBatches(newRows, 64));
      assertSameRows(await allRows(store), newRows, "the new rows and no others");
      assert.equal(store.appliedIndex(), 30);
      await store.write(puts(31, row("zzz", "after")));
      assertSameRows(await allRows(store), [...newRows, row("zzz", "after")], "writes go on");
    });

    tests.withStore("by nothing leaves an empty store", async (store) => {
      await store.write(puts(50, row("a", "old")));
      await store.replace(60, inBatches([], 1));
      assertSameRows(await allRows(store), [], "no rows");
      assert.equal(store.appliedIndex(), 60);
    });

    tests.withStore("an error from the rows leaves the old content, and a store that works", async (store) => {
      await store.write(puts(50, row("a", "old"), row("new-0003", "old")));
      await assert.rejects(store.replace(90, broken(newRows)), /the rows broke off/);
      assert.equal(store.appliedIndex(), 50);
      assertSameRows(await allRows(store), [row("a", "old"), row("new-0003", "old")], "the old rows");
      await store.write(puts(51, row("b", "more")));
      assert.equal((await allRows(store)).length, 3);
      await store.replace(90, inBatches(newRows, 100));
      assertSameRows(await allRows(store), newRows, "a second attempt succeeds");
    });

    if (!tests.durable) return;
    tests.withRestart("the new content is there after a restart", async (session) => {
      await session.store().write(puts(50, row("a", "old")));
      await session.store().replace(30, inBatches(newRows, 100));
      const reopened = await session.restart();
      assert.equal(reopened.appliedIndex(), 30);
      assertSameRows(await allRows(reopened), newRows, "after the restart");
    });

    tests.withRestart("an attempt that broke off leaves no trace after a restart", async (session) => {
      await session.store().write(puts(50, row("a", "old")));
      await assert.rejects(session.store().replace(90, broken(newRows)), /the rows broke off/);
      const reopened = await session.restart();
      assert.equal(reopened.appliedIndex(), 50);
      assertSameRows(await allRows(reopened), [row("a", "old")], "after the restart");
    });
  });
}
