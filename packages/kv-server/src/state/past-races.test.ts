import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { describe, expect, test, vi } from "vitest";
import {
  bytes,
  CommandLog,
  compact,
  del,
  type OperationInit,
  put,
  raiseApplyVersion,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { plain } from "../test-rig/plain.ts";
import { StateModel } from "../test-rig/state-model.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import type { Read, ReadAnswer } from "./read.ts";

// Hundreds of steps that wait for turns of the event loop take a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };
const keys = ["a", "a\x00", "b", "c"];

type Random = ReturnType<typeof seededRandom>;
type KeyHistory = ReturnType<StateModel["history"]>;

describe("reads of the past are true, whatever is written, merged and compacted while they are under way", () => {
  for (let seed = 1; seed <= 12; seed++) test(`seed ${seed}`, () => runSeed(seed));
});

test("a range of the past does not ask the engine key by key for what was created since", async () => {
  const store = new GatedStore();
  const machine = await KvStateMachine.open({ store, clock: new ManualClock() });
  const log = new CommandLog();
  log.append({ operations: [raiseApplyVersion(2)] });
  log.append({ operations: [put("old", "1"), del("old"), put("old", "2")] });
  await machine.apply(log.after(machine));
  await machine.flush();
  log.append({ operations: Array.from({ length: 500 }, (_, i) => put(`new ${i}`, "1")) });
  log.append({ operations: [del("old"), put("old", "3")] });
  await machine.apply(log.after(machine));
  let asked = 0;
  store.turns = () => {
    asked++;
    return 0;
  };
  const read: Read = { kind: "range", from: bytes(""), to: undefined, limit: 9, keysOnly: false, atRevision: 2 };
  const { answers } = await machine.read([read], limits);
  expect(plain(answers)).toMatchObject([{ entries: [{ key: "old", value: "1" }] }]);
  expect(asked).toBeLessThan(9);
});

test("a range of the past passes over the long histories of keys without reading them", async () => {
  const store = new GatedStore();
  const machine = await KvStateMachine.open({ store, clock: new ManualClock() });
  const log = new CommandLog();
  log.append({ operations: [raiseApplyVersion(2)] });
  const many = Array.from({ length: 20 }, (_, i) => `key ${i + 10}`);
  for (let round = 0; round < 200; round++) log.append({ operations: many.map((key) => put(key, `${round}`)) });
  await machine.apply(log.after(machine));
  await machine.flush();
  const rowsBefore = store.rowsScanned;
  const atRevision = 1 + many.length * 100;
  const read: Read = { kind: "range", from: bytes(""), to: undefined, limit: 99, keysOnly: false, atRevision };
  const { answers } = await machine.read([read], limits);
  expect(plain(answers)).toMatchObject([{ entries: many.map((key) => ({ key, value: "99", version: 100 })) }]);
  expect((store.rowsScanned - rowsBefore) / many.length, "rows a key, of 200").toBeLessThan(8);
});

test("a page of the past ends in time where there were few keys then, and the next goes on from there", async () => {
  const machine = await KvStateMachine.open({ store: new GatedStore(), clock: new ManualClock() });
  const log = new CommandLog();
  log.append({ operations: [raiseApplyVersion(2)] });
  log.append({ operations: [put("z", "1")] });
  for (let i = 0; i < 6; i++)
    log.append({ operations: Array.from({ length: 1_000 }, (_, j) => put(`a${i} ${j}`, "")) });
  await machine.apply(log.after(machine));
  await machine.flush();
  const found: unknown[] = [];
  let from: Uint8Array | undefined = bytes("");
  let pages = 0;
  for (; from !== undefined && pages < 9; pages++) {
    const read: Read = { kind: "range", from, to: undefined, limit: 9, keysOnly: true, atRevision: 2 };
    const [answer]: readonly ReadAnswer[] = (await machine.read([read], limits)).answers;
    if (answer?.kind !== "range") throw new Error(`a range was answered as ${answer?.kind}`);
    found.push(...answer.entries.map(({ key }) => plain(key)));
    from = answer.next;
  }
  expect({ found, pages }).toEqual({ found: ["z"], pages: 2 });
});

async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const store = new GatedStore();
  store.turns = () => integerBetween(random, 0, 3);
  // Half of them ask the engine for whatever is not in memory.
  const merge = seed % 2 === 0 ? { settledBytes: 0 } : {};
  const machine = await KvStateMachine.open({ store, clock: new ManualClock(), merge });
  const model = new StateModel();
  const log = new CommandLog();
  const apply = async (operations: readonly OperationInit[]) => {
    model.apply(log.append({ operations }));
    await machine.apply(log.after(machine));
  };
  await apply([raiseApplyVersion(2)]);
  let compacted = 0;
  for (let step = 0; step < 150; step++) {
    const reading = () => Array.from({ length: 3 }, () => readOfThePast(machine, model, random));
    const checks = reading();
    const flushing = random.next() < 0.4 ? machine.flush() : undefined;
    await apply(randomOperations(model, random));
    checks.push(...reading());
    await flushing;
    for (const check of checks) compacted += (await check()) ? 1 : 0;
  }
  expect(compacted, "reads that were overtaken by a compaction").toBeGreaterThan(0);
}

/** Begins a read now. What it returns ends it, and says whether its revision was compacted in the meantime. */
function readOfThePast(machine: KvStateMachine, model: StateModel, random: Random): () => Promise<boolean> {
  const at = integerBetween(random, model.earliest, model.revision);
  const key = keys[integerBetween(random, 0, keys.length - 1)] ?? "";
  const reads: readonly Read[] = [
    { kind: "get", key: bytes(key), atRevision: at },
    { kind: "range", from: bytes(""), to: undefined, limit: 3, keysOnly: false, atRevision: at },
    { kind: "history", key: bytes(key), limit: 1_000 },
  ];
  const expected = {
    get: { kind: "get", entry: model.get(key, at) },
    range: { kind: "range", ...model.range("", undefined, 3, false, at) },
    history: model.history(key, 1_000),
  };
  const answering = machine.read(reads, limits);
  return async () => {
    const [get, range, history] = (await answering).answers;
    for (const [answer, wanted] of [
      [get, expected.get],
      [range, expected.range],
    ] as const) {
      if (answer?.kind === "compacted") expect(at).toBeLessThan(model.earliest);
      else expect(plain(answer), `at ${at}`).toEqual(wanted);
    }
    expectHistory(history, expected.history, model.history(key, 1_000));
    return get?.kind === "compacted";
  };
}

/** All of it, but for what was compacted in the meantime. */
function expectHistory(answer: ReadAnswer | undefined, before: KeyHistory, after: KeyHistory): void {
  if (answer?.kind !== "history") throw new Error(`a history was answered as ${answer?.kind}`);
  const writes = plain(answer.writes);
  expect(writes).toEqual(before.writes.slice(0, answer.writes.length));
  const kept = before.writes.filter(({ revision }) => after.writes.some((write) => write.revision === revision));
  expect(writes).toEqual(expect.arrayContaining(kept));
}

function randomOperations(model: StateModel, random: Random): readonly OperationInit[] {
  return Array.from({ length: integerBetween(random, 1, 4) }, () => {
    const key = keys[integerBetween(random, 0, keys.length - 1)] ?? "";
    const choice = random.next();
    if (choice < 0.1) return compact(integerBetween(random, model.earliest, model.revision));
    return choice < 0.7 ? put(key, `${key}${integerBetween(random, 0, 999)}`) : del(key);
  });
}
