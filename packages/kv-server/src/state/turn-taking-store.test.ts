import { expect, test } from "vitest";
import { bytes, CommandLog, put } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import type { Read } from "./read.ts";

const limits = { pageBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };

/** How many rows were read between two turns of the event loop, at most. */
async function mostRowsATurn(store: GatedStore, act: () => Promise<unknown>): Promise<number> {
  let [most, before, isOver] = [0, store.rowsRead, false];
  const watch = (): void => {
    most = Math.max(most, store.rowsRead - before);
    before = store.rowsRead;
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);
  await act();
  isOver = true;
  return Math.max(most, store.rowsRead - before);
}

async function filled(keys: number) {
  const store = new GatedStore();
  const machine = await KvStateMachine.open({ store, clock: new ManualClock(), merge: { settledBytes: 0 } });
  const log = new CommandLog();
  for (let first = 0; first < keys; first += 1_000) {
    log.append({ operations: Array.from({ length: 1_000 }, (_, i) => put(`key ${first + i}`, "1")) });
  }
  await machine.apply(log.after(machine));
  await machine.flush();
  return { store, machine, log };
}

const range = { kind: "range", from: bytes(""), to: undefined, limit: 100_000, keysOnly: false } as const;
const reads: readonly (readonly [string, Read])[] = [
  ["counts a range", { ...range, countOnly: true }],
  ["reads a page as large as its limits allow", range],
];

for (const [what, read] of reads) {
  test(`whoever ${what} lets the event loop have its turns`, async () => {
    const { store, machine } = await filled(5_000);
    const most = await mostRowsATurn(store, () => machine.read([read], limits));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(2_000);
  });
}

test("an entry that names many keys is prefetched for in pieces", async () => {
  const { store, machine, log } = await filled(5_000);
  log.append({ operations: Array.from({ length: 4_096 }, (_, i) => put(`key ${i}`, "2")) });
  expect(await mostRowsATurn(store, () => machine.apply(log.after(machine)))).toBeLessThanOrEqual(2_000);
});
