import assert from "node:assert/strict";
import type { Entry, TermRun } from "@raftkv/raft-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Child } from "./testing/child.ts";
import { crashPlan, type PlannedLog } from "./testing/crash-plan.ts";
import { bytes } from "./testing/sample-entries.ts";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(() => scratch.remove());

/** Changes that the writing program hands in before it waits for the first of them. */
const inFlight = 8;

// Killed after this many acknowledged changes: at once, between checkpoints, and well after several of them.
it.each([
  [1, 1],
  [2, 40],
  [3, 150],
  [4, 400],
  [5, 900],
])("kill -9 in the middle of writing loses nothing acknowledged: seed %i, after %i", async (seed, after) => {
  const acknowledged = await writeUntilKilled(seed, after);
  const { raft, state } = await scratch.open();

  const found = await raft.load();
  const entries = await raft.entries(found.base.index + 1, found.lastIndex, Number.MAX_SAFE_INTEGER);
  const plan = plannedLogs(seed, acknowledged.log, acknowledged.log + inFlight);
  const matching = plan.filter((log) => log.base.index === found.base.index && sameEntries(log.entries, entries));
  expect(
    matching.length,
    `a log as after ${acknowledged.log} to ${acknowledged.log + inFlight} changes`,
  ).toBeGreaterThan(0);
  expect(found.hardState.term).toBe(entries.at(-1)?.term ?? found.base.term);
  expect(found.termRuns).toEqual(runsOf(entries));

  const writes = state.appliedIndex();
  expect(writes).toBeGreaterThanOrEqual(acknowledged.state);
  expect(writes).toBeLessThanOrEqual(acknowledged.state + 1);
  const rows = await state.scan({ from: bytes(""), to: undefined, limit: 100, maxBytes: 1_000_000 });
  expect(rows.length).toBe(writes === 0 ? 0 : 20);
  for (const { value } of rows) expect(Buffer.from(value).toString()).toBe(`${writes} `.repeat(100));
});

async function writeUntilKilled(seed: number, after: number): Promise<{ log: number; state: number }> {
  const acknowledged = { log: 0, state: 0 };
  const note = (line: string) => {
    const [what, count] = line.split(" ");
    assert.ok(what === "log" || what === "state", `an unexpected line: ${line}`);
    acknowledged[what] = Number(count);
  };
  const writer = new Child("crash-writer.ts", [scratch.dataDir, String(seed)]);
  while (acknowledged.log < after) {
    const line = await writer.line();
    assert.ok(line !== undefined, "the writing program ended by itself");
    note(line);
  }
  for (const line of await writer.kill()) note(line);
  return acknowledged;
}

function plannedLogs(seed: number, from: number, to: number): readonly PlannedLog[] {
  const logs: PlannedLog[] = [];
  let count = 0;
  for (const { after } of crashPlan(seed)) {
    count++;
    if (count >= from) logs.push(after);
    if (count >= to) break;
  }
  return logs;
}

function sameEntries(expected: readonly Entry[], found: readonly Entry[]): boolean {
  try {
    assert.deepEqual(found.map(comparable), expected.map(comparable));
    return true;
  } catch {
    return false;
  }
}

function comparable(entry: Entry): unknown {
  return entry.kind === "command" ? { ...entry, payload: Buffer.from(entry.payload).toString() } : entry;
}

function runsOf(entries: readonly Entry[]): readonly TermRun[] {
  return entries
    .filter(({ term }, position) => term !== entries[position - 1]?.term)
    .map(({ index, term }) => ({ from: index, term }));
}
