import type { StateMachine } from "../../ports/state-machine.ts";
import type { TestApi } from "../test-api.ts";
import { applyTests } from "./applying.ts";
import { snapshotTests } from "./snapshots.ts";
import { machineTests, type StateMachineSuiteOptions } from "./suite.ts";

/**
 * What every `StateMachine` has to hold to. Hand in the test functions of your runner:
 *
 * ```ts
 * import { describe, it } from "vitest";
 * stateMachineConformance(
 *   { describe, it },
 *   { durable: true, log: someEntries, fingerprint: (machine) => contentOf(machine), create: async () => myPlace() },
 * );
 * ```
 */
export function stateMachineConformance<Machine extends StateMachine>(
  test: TestApi,
  options: StateMachineSuiteOptions<Machine>,
): void {
  test.describe("StateMachine", () => {
    const tests = machineTests(test, options);
    applyTests(tests);
    snapshotTests(tests);
  });
}
