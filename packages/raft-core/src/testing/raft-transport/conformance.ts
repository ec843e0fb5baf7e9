import type { TestApi } from "../test-api.ts";
import { closingTests } from "./closing.ts";
import { messageTests } from "./messages.ts";
import { peerTests } from "./peers.ts";
import { snapshotTests } from "./snapshots.ts";
import { type RaftTransportSuiteOptions, transportTests } from "./suite.ts";

/**
 * What every `RaftTransport` has to hold to, over a network without faults. Waits for arrivals with a deadline of a few
 * seconds each. Hand in the test functions of your runner:
 *
 * ```ts
 * import { describe, it } from "vitest";
 * raftTransportConformance({ describe, it }, { create: async () => myNetworkOfThree() });
 * ```
 */
export function raftTransportConformance(test: TestApi, options: RaftTransportSuiteOptions): void {
  test.describe("RaftTransport", () => {
    const tests = transportTests(test, options);
    messageTests(tests);
    peerTests(tests);
    snapshotTests(tests);
    closingTests(tests);
  });
}
