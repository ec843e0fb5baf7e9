import assert from "node:assert/strict";
import { rejectsWithCode, type TestApi } from "@raftkv/raft-core/testing";
import { allRows, puts, row } from "./rows.ts";
import type { BreakableStatePlace } from "./suite.ts";

/** Fail stop: a write that failed is never retried, and nothing after it succeeds (Rebello et al., USENIX ATC 2020). */
export function failureTests(test: TestApi, create: () => Promise<BreakableStatePlace>): void {
  test.describe("a failing disk", () => {
    test.it("fails the write, and every call after it with the same error", async () => {
      const place = await create();
      const store = await place.open();
      try {
        await store.write(puts(1, row("a", "1")));
        place.breakDisk();
        const failed = store.write(puts(2, row("b", "2")));
        const behind = store.write(puts(3, row("c", "3")));
        const [first, second] = await Promise.allSettled([failed, behind]);
        assert.ok(first.status === "rejected", "the write on a broken disk resolved");
        assert.ok(second.status === "rejected", "the write behind a failed one resolved");
        await rejectsWithCode(failed, "failed", "the write on a broken disk");
        assert.equal(second.reason, first.reason, "the write behind it fails with the same error");
        await assert.rejects(allRows(store), first.reason, "scan");
        assert.equal(store.appliedIndex(), 1, "the applied index stays with the last durable write");
      } finally {
        await store.close().catch(() => undefined); // what could not be made durable cannot be closed cleanly
        await place.remove();
      }
    });
  });
}
