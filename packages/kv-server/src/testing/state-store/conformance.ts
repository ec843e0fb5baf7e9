import type { TestApi } from "@raftkv/raft-core/testing";
import { closingTests } from "./closing.ts";
import { failureTests } from "./failure.ts";
import { modelTests } from "./model.ts";
import { readingTests } from "./reading.ts";
import { replacingTests } from "./replacing.ts";
import { type StateStoreSuiteOptions, storeTests } from "./suite.ts";
import { viewTests } from "./views.ts";
import { writingTests } from "./writing.ts";

/**
 * What every `StateStore` has to hold to. Hand in the test functions of your runner:
 *
 * ```ts
 * import { describe, it } from "vitest";
 * stateStoreConformance({ describe, it }, { durable: true, create: async () => myPlace() });
 * ```
 */
export function stateStoreConformance(test: TestApi, options: StateStoreSuiteOptions): void {
  test.describe("StateStore", () => {
    const tests = storeTests(test, options);
    readingTests(tests);
    writingTests(tests);
    viewTests(tests);
    replacingTests(tests);
    closingTests(tests);
    modelTests(tests);
    const { createBreakable } = options;
    if (createBreakable) failureTests(test, () => createBreakable());
  });
}
