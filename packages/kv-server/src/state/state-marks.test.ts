import { describe, expect, test } from "vitest";
import {
  applyOne,
  type BatchInit,
  CommandLog,
  del,
  type OperationInit,
  openSession,
  put,
  raiseApplyVersion,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { grantLease, keepLeaseAlive, putLeased, revokeLease } from "../test-rig/lease-operations.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { type ChangeHash, hashChange } from "./change-hash.ts";
import { FIRST_APPLY_VERSION, FIRST_REVISION } from "./counters.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import { StateMarks } from "./state-marks.ts";

const open = (store = new GatedStore()) => KvStateMachine.open({ store, clock: new ManualClock() });

const raise = { operations: [raiseApplyVersion(3)] };
const story: readonly OperationInit[] = [
  put("a", "1"),
  put("a", "2"),
  put("b", "x"),
  del("a"),
  del("c"),
  put("a", "3"),
];

/** With a session and leases: the id of a session is the index of the entry that opened it. */
const longStory: readonly BatchInit[] = [
  raise,
  ...story.map((operation) => ({ operations: [operation] })),
  { operations: [openSession(60_000)] },
  { session: 8, first: 1, operations: [put("s", "1"), put("s", "2")] },
  { operations: [grantLease(5_000, 7)] },
  { operations: [putLeased("l", "1", { leaseId: 7 })] },
  { session: 8, acknowledged: 1, operations: [] },
  { operations: [keepLeaseAlive(7)] },
  { operations: [putLeased("own", "1", { ttlMs: 100 })] },
  { operations: [revokeLease(7)] },
];

describe("the mark of a state", () => {
  test("is the same however entries are batched, merged, restarted over or sent as a snapshot", async () => {
    const store = new GatedStore();
    let machine = await open(store);
    const log = new CommandLog();
    for (const [i, batch] of longStory.entries()) {
      log.timeMs = i * 10;
      await applyOne(machine, log, batch);
      await machine.flush();
      machine = await open(store.copy());
      await machine.apply(log.after(machine));
    }
    const last = longStory.length;
    const expected = machine.marks.at(last);
    expect(expected).toMatchObject({ index: last, revision: 11 });

    const atOnce = await open();
    await atOnce.apply(log.entries);
    expect(atOnce.marks.at(last)).toEqual(expected);
    expect(atOnce.marks.told().map(({ index }) => index)).toEqual(longStory.map((_, i) => i + 1));
    expect(atOnce.marks.atRevision(4)).toMatchObject({ index: 0, revision: 4 });

    const taken = await atOnce.snapshot();
    const follower = await open();
    await follower.restore(sourceOf(taken.index, taken.read()));
    expect(follower.marks.told()).toEqual([expected]);
  });

  test("never becomes the same again once one change was another (row 22 of the catalogue: equal hashes at equal index)", async () => {
    const marks = async (operations: readonly OperationInit[]) => {
      const machine = await open();
      const log = new CommandLog();
      for (const operation of [raiseApplyVersion(3), ...operations]) {
        await applyOne(machine, log, { operations: [operation] });
      }
      return machine.marks.at(log.entries.length)?.hash;
    };
    const same = await marks(story);
    const others: (readonly OperationInit[])[] = [
      story.with(0, put("a", "2")),
      story.with(0, put("b", "1")),
      story.with(0, del("a")),
      story.with(2, put("b", "y")),
      story.with(4, put("c", "")),
      [story[1], story[0], ...story.slice(2)].flatMap((operation) => operation ?? []),
    ];
    for (const other of others) expect(await marks(other)).not.toBe(same);
    expect(await marks(story)).toBe(same);
  });

  test("takes in what becomes of sessions and leases, not only of keys", async () => {
    const markOf = async (batches: readonly BatchInit[], stepMs = 10) => {
      const machine = await open();
      const log = new CommandLog();
      for (const [i, batch] of batches.entries()) {
        log.timeMs = i * stepMs;
        await applyOne(machine, log, batch);
      }
      return machine.marks.at(batches.length)?.hash;
    };
    const others: (readonly BatchInit[])[] = [
      longStory.with(7, { operations: [openSession(59_000)] }),
      longStory.with(8, { session: 8, first: 1, operations: [put("s", "1")] }),
      longStory.with(9, { operations: [grantLease(6_000, 7)] }),
      longStory.with(11, { session: 8, acknowledged: 2, operations: [] }),
      longStory.with(12, { operations: [] }),
      longStory.with(14, { operations: [] }),
    ];
    const hashes = [await markOf(longStory), await markOf(longStory, 11)];
    for (const other of others) hashes.push(await markOf(other));
    expect(new Set(hashes).size).toBe(others.length + 2);
  });

  test("is not there before changes are hashed, and begins with the entry that raises the version", async () => {
    const machine = await open();
    const log = new CommandLog();
    await applyOne(machine, log, { operations: [put("a", "1")] });
    expect(machine.marks.told()).toEqual([]);
    await applyOne(machine, log, raise);
    expect(machine.marks.told()).toEqual([{ index: 2, revision: 2, hash: 0n }]);
  });
});

describe("a change's hash", () => {
  const change = {
    key: Buffer.from("key"),
    revision: 2 ** 40 + 1,
    sub: 0,
    record: { createRevision: 1, modRevision: 2 ** 40 + 1, sub: 0, version: 2, valueLength: 300, leaseId: 0 },
    value: Buffer.alloc(300, 7),
  };
  const hashOf = (one: typeof change | (Omit<typeof change, "record"> & { record: undefined })) => {
    const hash: ChangeHash = { hashHigh: 0, hashLow: 0 };
    hashChange(hash, one);
    return `${hash.hashHigh}/${hash.hashLow}`;
  };

  test("takes in every byte of the value, and all that became of the key", () => {
    const seen = new Set([hashOf(change)]);
    const flipped = Array.from({ length: 300 }, (_, at) => change.value.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    const all = [
      ...flipped.map((value) => hashOf({ ...change, value: Buffer.from(value) })),
      hashOf({ ...change, key: Buffer.from("kez") }),
      hashOf({ ...change, revision: change.revision + 1 }),
      hashOf({ ...change, revision: change.revision + 2 ** 32 }),
      hashOf({ ...change, sub: 1 }),
      hashOf({ ...change, record: { ...change.record, version: 1 } }),
      hashOf({ ...change, record: { ...change.record, createRevision: 2 } }),
      hashOf({ ...change, record: { ...change.record, leaseId: 9 } }),
      hashOf({ ...change, record: undefined }),
    ];
    for (const hash of all) seen.add(hash);
    expect(seen.size).toBe(all.length + 1);
  });
});

describe("marks", () => {
  test("are kept for the last 16,384 entries, and told close together near the newest, at multiples before", () => {
    const marks = new StateMarks();
    const counters = {
      revision: FIRST_REVISION,
      clusterTimeMs: 0,
      compactRevision: 0,
      hashHigh: 1,
      hashLow: 2,
    };
    for (let appliedIndex = 1; appliedIndex <= 20_000; appliedIndex++) {
      marks.note({ ...counters, appliedIndex, applyVersion: 3 });
    }
    expect(marks.at(20_000 - 16_383)).toEqual({ index: 3_617, revision: 1, hash: 0x1_0000_0002n });
    expect([marks.at(3_616), marks.at(20_001), marks.at(0)]).toEqual([undefined, undefined, undefined]);
    const told = marks.told().map(({ index }) => index);
    expect(told.length).toBeLessThanOrEqual(64);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told).toEqual(expect.arrayContaining([20_000, 19_985, 19_984, 19_760, 16_128, 16_384, 12_288, 4_096]));
    marks.note({ ...counters, appliedIndex: 20_001, applyVersion: FIRST_APPLY_VERSION });
    expect(marks.at(20_001)).toBeUndefined();
  });
});
