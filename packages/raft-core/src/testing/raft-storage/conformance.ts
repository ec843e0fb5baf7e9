import type { TestApi } from "../test-api.ts";
import { closingTests } from "./closing.ts";
import { compactionTests } from "./compaction.ts";
import { failureTests } from "./failure.ts";
import { identityTests } from "./identity.ts";
import { logTests } from "./log.ts";
import { modelTests } from "./model.ts";
import { resetTests } from "./reset.ts";
import { snapshotTests } from "./snapshots.ts";
import { type RaftStorageSuiteOptions, storageTests } from "./suite.ts";
import { truncationTests } from "./truncation.ts";

/**
 * What every `RaftStorage` has to hold to. Hand in the test functions of your runner:
 *
 * ```ts
 * import { describe, it } from "vitest";
 * raftStorageConformance({ describe, it }, { durable: true, create: async () => myPlace() });
 * ```
 */
export function raftStorageConformance(test: TestApi, options: RaftStorageSuiteOptions): void {
  test.describe("RaftStorage", () => {
    const tests = storageTests(test, options);
    identityTests(tests);
    logTests(tests);
    truncationTests(tests);
    compactionTests(tests);
    resetTests(tests);
    snapshotTests(tests);
    closingTests(tests);
    modelTests(tests);
    const { createBreakable } = options;
    if (createBreakable) failureTests(test, () => createBreakable());
  });
}
