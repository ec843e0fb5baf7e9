import { describe, it } from "vitest";
import type { Entry } from "../../algorithm/entry.ts";
import { TestStateMachine } from "../../node/test-cluster/test-state-machine.ts";
import { command, membershipEntry, membershipOf, noop } from "../sample-log.ts";
import { stateMachineConformance } from "./conformance.ts";

const log: readonly Entry[] = [
  noop(1, 1),
  membershipEntry(2, 1, membershipOf(1, 2)),
  ...Array.from({ length: 23 }, (_, i) => command(i + 3, 1)),
];

/** One machine that stays: closing and opening it loses what was not flushed, as a crash does. */
async function create() {
  const machine = new TestStateMachine();
  return {
    async open() {
      machine.crash();
      return machine;
    },
    async remove() {},
  };
}

describe("the state machine that RaftNode is tested with", () => {
  stateMachineConformance(
    { describe, it },
    { durable: true, log, fingerprint: async (machine: TestStateMachine) => machine.commands, create },
  );
});
