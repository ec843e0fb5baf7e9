import { assertCloseWaitsFor, rejectsWithCode } from "@raftkv/raft-core/testing";
import { allRows, assertSameRows, bytes, inBatches, puts, row } from "./rows.ts";
import type { StoreTests } from "./suite.ts";

export function closingTests(tests: StoreTests): void {
  tests.describe("closing", () => {
    tests.withStore("afterwards every call is refused as closed", async (store) => {
      await store.close();
      await rejectsWithCode(store.getMany([bytes("a")]), "closed", "getMany");
      await rejectsWithCode(allRows(store), "closed", "scan");
      await rejectsWithCode(store.write(puts(1)), "closed", "write");
      await rejectsWithCode(store.view(), "closed", "view");
      await rejectsWithCode(store.replace(1, inBatches([], 1)), "closed", "replace");
    });

    tests.withStore("twice is fine", async (store) => {
      await Promise.all([store.close(), store.close()]);
      await store.close();
    });

    tests.withStore("waits for the writes that were handed in", async (store) => {
      const write = store.write(puts(1, row("a", "1")));
      await assertCloseWaitsFor(write, store.close());
    });

    if (!tests.durable) return;
    tests.withRestart("keeps what was handed in and not awaited", async (session) => {
      const writes = [session.store().write(puts(1, row("a", "1"))), session.store().write(puts(2, row("b", "2")))];
      const reopened = await session.restart();
      await Promise.all(writes);
      assertSameRows(await allRows(reopened), [row("a", "1"), row("b", "2")], "both rows");
    });
  });
}
