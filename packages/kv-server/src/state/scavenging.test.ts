import { describe, expect, test } from "vitest";
import { valueRowKey } from "../codec/row-keys.ts";
import { applyOne, bytes, CommandLog, compact, del, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import { scavenge } from "./scavenger.ts";

async function open(store = new GatedStore(), applyVersion = 2) {
  const clock = new ManualClock();
  const machine = await KvStateMachine.open({ store, clock });
  const log = new CommandLog();
  const apply = (...operations: ReturnType<typeof put>[]) => applyOne(machine, log, { operations });
  if (applyVersion > 1) await apply(raiseApplyVersion(applyVersion));
  return { store, clock, machine, apply };
}

/** How many rows of each kind there are. */
function rows(store: GatedStore) {
  const counts: Record<string, number> = { h: 0, k: 0, r: 0 };
  for (const id of store.rowKeys()) counts[id[0] ?? ""] = (counts[id[0] ?? ""] ?? 0) + 1;
  const { h = 0, k = 0, r = 0 } = counts;
  return { h, k, r };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await promisesSettle();
}

describe("compaction", () => {
  test("leaves as many rows as there are keys, once everything superfluous is removed", async () => {
    const { store, machine, apply } = await open();
    for (let i = 0; i < 20; i++) await apply(put("a", `${i}`), put("b", `${i}`), put("gone", `${i}`));
    await apply(del("gone"), put("c", "once"));
    await machine.flush();
    expect(rows(store)).toEqual({ h: 59, k: 3, r: 62 });
    await apply(compact(machine.revision()));
    await machine.fingerprint();
    expect(rows(store)).toEqual({ h: 0, k: 3, r: 3 });
    expect(
      (await machine.read([{ kind: "range", from: bytes(""), to: undefined, limit: 9, keysOnly: true }], limits))
        .answers,
    ).toMatchObject([{ entries: [{ version: 20 }, { version: 20 }, { version: 1 }] }]);
  });

  test("keeps a deletion at the earliest revision itself: who watches from there has to see it", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "1"), del("a"), put("b", "1"));
    await apply(compact(3));
    await machine.fingerprint();
    expect(rows(store)).toEqual({ h: 1, k: 1, r: 2 });
    await apply(compact(4));
    await machine.fingerprint();
    expect(rows(store)).toEqual({ h: 0, k: 1, r: 1 });
  });

  test("gives the space back by itself, without anything being written, a little at a time", async () => {
    const { store, clock, machine, apply } = await open();
    const many = 9_500;
    for (let i = 0; i < many; i += 500) await apply(...Array.from({ length: 500 }, (_, j) => put("a", `${i + j}`)));
    await apply(compact(machine.revision()));
    const counts: number[] = [];
    for (let round = 0; round < 5; round++) {
      clock.advance(round === 0 ? 500 : 50);
      await settle();
      counts.push(rows(store).r ?? 0);
    }
    expect(counts[0]).toBe(many);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts.at(-1)).toBe(1);
    expect(counts.filter((count) => count > 1).length, "rounds that it takes").toBeGreaterThan(2);
  });

  test("keeps pace where more is written between two merges than is removed in one go", async () => {
    const { store, machine, apply } = await open();
    const batch = Array.from({ length: 500 }, () => put("a", "1"));
    const counts: (number | undefined)[] = [];
    for (let round = 0; round < 4; round++) {
      for (let written = 0; written < 6_000; written += batch.length) await apply(...batch);
      await apply(compact(machine.revision()));
      await machine.flush();
      counts.push(rows(store).r);
    }
    expect(counts).toEqual([6_000, 6_001, 6_001, 6_001]);
  });

  test("ends when the state is closed", async () => {
    const { store, clock, machine, apply } = await open();
    const batch = Array.from({ length: 500 }, () => put("a", "1"));
    for (let written = 0; written < 9_500; written += batch.length) await apply(...batch);
    await apply(compact(machine.revision()));
    await machine.flush();
    store.hold("write");
    clock.advance(50);
    await settle();
    const closed = machine.close();
    await settle();
    store.release("write");
    await closed;
    expect({ left: (rows(store).r ?? 0) > 1, timers: clock.pendingTimers }).toEqual({ left: true, timers: 0 });
  });

  test("goes on where a crash has left it", async () => {
    const { store, clock, machine, apply } = await open();
    for (let i = 0; i < 10; i++) await apply(...Array.from({ length: 500 }, (_, j) => put("a", `${i} ${j}`)));
    await apply(compact(machine.revision()));
    await machine.flush();
    clock.advance(50);
    await settle();
    expect(rows(store).r).toBeGreaterThan(1);
    const restarted = await KvStateMachine.open({ store: store.copy(), clock });
    const { sha256 } = await restarted.fingerprint();
    expect(sha256).toBe((await machine.fingerprint()).sha256);
    expect(rows(store)).toEqual({ h: 0, k: 1, r: 1 });
  });

  test.each([
    ["with history, of which the last deletion is left", 2, { h: 1, k: 0, r: 1 }],
    ["without, of which nothing is left", 1, { h: 0, k: 0, r: 0 }],
  ])("never takes the revision back, wherever a crash comes (row 21): %s", async (_, applyVersion, left) => {
    const { store, clock, machine, apply } = await open(new GatedStore(), applyVersion);
    const revisions = new Map([[0, 1]]);
    const restarted = async () => {
      const after = await KvStateMachine.open({ store: store.copy(), clock: new ManualClock() });
      expect(after.revision()).toBe(revisions.get(after.appliedIndex()));
      return after.appliedIndex();
    };
    for (const operations of [[put("a", "1"), put("b", "1")], [del("a")], [del("b")], [compact(5)]]) {
      await apply(...operations);
      revisions.set(machine.appliedIndex(), machine.revision());
      expect(await restarted()).toBeLessThan(machine.appliedIndex());
      await machine.flush();
      expect(await restarted()).toBe(machine.appliedIndex());
    }
    for (let round = 0; round < 3; round++) {
      clock.advance(50);
      await settle();
      await restarted();
    }
    await machine.fingerprint();
    expect([rows(store), await restarted(), machine.revision()]).toEqual([left, machine.appliedIndex(), 5]);
  });

  test("does not pass for what has taken a value away that nothing superseded", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "1"), put("a", "2"), put("a", "3"));
    await apply(compact(3));
    await machine.flush();
    const history = () => machine.read([{ kind: "history", key: bytes("a"), limit: 9 }], limits);
    expect((await history()).answers).toMatchObject([{ writes: [{ revision: 4 }, { revision: 3 }] }]);
    store.tamper(valueRowKey(3, 0), undefined);
    await expect(history()).rejects.toMatchObject({ code: "corruptState" });
  });

  test("goes through a revision that is larger than what it looks at, a little at a time", async () => {
    const { store, machine, apply } = await open();
    await apply(put("a", "1"), put("a", "2"), put("a", "3"));
    await machine.flush();
    let turns = 0;
    const nextTurn = async () => {
      turns++;
    };
    const found = await scavenge({ store, from: 2, to: 4, writes: 1, nextTurn, slice: { rows: 1, bytes: 1 } });
    expect(found).toMatchObject({ removals: [{ revision: 2 }], through: 3 });
    expect(turns).toBe(1);
  });

  test("has looked through the last revision to its end, wherever a slice ends", async () => {
    const { store, machine, apply } = await open();
    await apply(raiseApplyVersion(3));
    await apply(put("a", "1"), put("b", "1"), put("c", "1"));
    const all = { from: bytes("a"), to: bytes("d") };
    await apply({ operation: { case: "deleteRange", value: all } });
    await machine.flush();
    const slice = { rows: 2, bytes: 1_000 };
    const found = await scavenge({ store, from: 2, to: 5, writes: 1, nextTurn: async () => undefined, slice });
    expect(found.through).toBe(3);
    const rest = await scavenge({ store, from: 4, to: 5, writes: 1, nextTurn: async () => undefined, slice });
    expect({ through: rest.through, revisions: rest.removals.map(({ revision }) => revision) }).toEqual({
      through: 5,
      revisions: [2, 3, 4],
    });
  });
});

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };
