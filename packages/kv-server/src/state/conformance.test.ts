import type { Entry } from "@raftkv/raft-core";
import { membershipOf, stateMachineConformance } from "@raftkv/raft-core/testing";
import { describe, it } from "vitest";
import { CommandLog, del, openSession, put } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

stateMachineConformance(
  { describe, it },
  {
    durable: true,
    log: sampleLog(),
    fingerprint: async (machine: KvStateMachine) => (await machine.fingerprint()).sha256,
    async create() {
      let store = new GatedStore();
      return {
        open() {
          store = store.copy();
          return KvStateMachine.open({ store, clock: new ManualClock() });
        },
        remove: async () => undefined,
      };
    },
  },
);

function sampleLog(): readonly Entry[] {
  const log = new CommandLog();
  log.appendNoop();
  log.append({ operations: [openSession(60_000)] });
  log.entries.push({ kind: "membership", term: 1, index: 3, membership: membershipOf(1) });
  for (let i = 1; i <= 20; i++) {
    log.timeMs += 10;
    log.append({ session: 2, first: 2 * i - 1, operations: [put(`key ${i % 7}`, `${i}`), del(`key ${(i + 3) % 7}`)] });
  }
  for (let i = 0; i < 3; i++) log.append({ operations: [put("last", `${i}`)] });
  return log.entries;
}
