import assert from "node:assert/strict";
import { rejectsWithCode } from "../expectations.ts";
import { command, metadata } from "../sample-log.ts";
import type { TestApi } from "../test-api.ts";
import type { BreakableStoragePlace } from "./suite.ts";

/** Fail stop: a write that failed is never retried, and nothing after it succeeds (Rebello et al., USENIX ATC 2020). */
export function failureTests(test: TestApi, create: () => Promise<BreakableStoragePlace>): void {
  test.describe("a failing disk", () => {
    test.it("fails the write, and every call after it with the same error", async () => {
      const place = await create();
      const storage = await place.open();
      try {
        await storage.write({ id: 1, append: [command(1, 1)] });
        place.breakDisk();
        const failed = storage.write({ id: 2, append: [command(2, 1)] });
        const behind = storage.write({ id: 3, append: [command(3, 1)] });
        const [first, second] = await Promise.allSettled([failed, behind]);
        assert.ok(first.status === "rejected", "the write on a broken disk resolved");
        assert.ok(second.status === "rejected", "the write behind a failed one resolved");
        await rejectsWithCode(failed, "failed", "the write on a broken disk");
        assert.equal(second.reason, first.reason, "the write behind it fails with the same error");
        await assert.rejects(storage.load(), first.reason, "load");
        await assert.rejects(storage.compact(metadata(1, 1)), first.reason, "compact");
      } finally {
        await storage.close().catch(() => undefined); // what could not be made durable cannot be closed cleanly
        await place.remove();
      }
    });
  });
}
