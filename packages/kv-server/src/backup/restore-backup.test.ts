import { describe, expect, test } from "vitest";
import { KvStateMachine } from "../state/kv-state-machine.ts";
import {
  applyOne,
  bytes,
  CommandLog,
  del,
  type OperationInit,
  openSession,
  put,
  raiseApplyVersion,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { expireLeases, grantLease, putLeased } from "../test-rig/lease-operations.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { encodeBackup } from "./backup-format.ts";
import { restoreBackup, verifyBackup } from "./restore-backup.ts";

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Revision 6: a=1, a=2, b=x, b deleted, c; with a session, and history unless `applyVersion` is 1. */
async function backUp(applyVersion = 3, more: readonly OperationInit[] = []) {
  const machine = await KvStateMachine.open({ store: new GatedStore(), clock: new ManualClock() });
  const log = new CommandLog();
  log.timeMs = 5_000;
  if (applyVersion > 1) await applyOne(machine, log, { operations: [raiseApplyVersion(applyVersion)] });
  await applyOne(machine, log, { operations: [openSession(60_000)] });
  const operations = [put("a", "1"), put("a", "2"), put("b", "x"), del("b"), put("c", "y".repeat(3_000))];
  await applyOne(machine, log, { operations });
  for (const operation of more) await applyOne(machine, log, { operations: [operation] });
  const { index, revision, read } = await machine.revisionedSnapshot();
  const header = { clusterId: "old", nodeId: 2, version: "1.2.3", index, revision };
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeBackup(header, read())) chunks.push(chunk);
  return { machine, log, header, bytes: Buffer.concat(chunks) };
}

const open = (store: GatedStore) => KvStateMachine.open({ store, clock: new ManualClock() });

describe("a backup that is restored", () => {
  test.each([1, 70, 100_000])(
    "has the keys, in chunks of %i bytes, at a revision that nobody has seen",
    async (size) => {
      const taken = await backUp();
      const store = new GatedStore();
      const summary = await restoreBackup(store, chunked(taken.bytes, size), { bumpRevision: 1_000 });
      expect(summary).toEqual({ header: taken.header, revision: 1_006, keys: 2, sessions: 1 });
      const machine = await open(store);
      expect(machine.appliedIndex()).toBe(taken.header.index);
      expect(machine.clusterTimeMs()).toBe(5_000);
      expect(machine.sessionCount()).toBe(0);
      const reads = ["a", "b", "c"].map((key) => ({ kind: "get", key: bytes(key) }) as const);
      expect(await machine.read(reads, limits)).toMatchObject({
        revision: 1_006,
        answers: [{ entry: { modRevision: 3, version: 2 } }, { entry: undefined }, { entry: { modRevision: 6 } }],
      });
      const next = new CommandLog();
      next.entries.push(...taken.log.entries);
      expect(await applyOne(machine, next, { operations: [put("a", "3")] })).toMatchObject({
        answers: [{ kind: "put", revision: 1_007 }],
      });
    },
  );

  test("has no history that anybody could go on from, and gives its space back", async () => {
    const taken = await backUp();
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1_000 });
    const machine = await open(store);
    expect(machine.earliestRevision()).toBe(1_006);
    await machine.fingerprint();
    // Index rows, value rows and the meta row of two keys, and that of lease counters.
    expect(store.rowKeys().map((key) => key[0])).toEqual(["k", "k", "l", "m", "r", "r"]);
  });

  test("has the same in a cluster that keeps no history yet", async () => {
    const taken = await backUp(1);
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1_000 });
    const machine = await open(store);
    expect([machine.revision(), machine.earliestRevision(), machine.keepsHistory()]).toEqual([1_006, 1_006, false]);
  });

  test("keeps history where its revision is not moved on", async () => {
    const taken = await backUp();
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 0 });
    const machine = await open(store);
    expect([machine.revision(), machine.earliestRevision()]).toEqual([6, 1]);
  });
});

describe("leases of a backup that is restored", () => {
  const grantedIds = async (machine: KvStateMachine, log: CommandLog) => {
    const operations = [grantLease(1_000), putLeased("own", "1", { ttlMs: 1_000 })];
    const result = await applyOne(machine, log, { operations });
    const [granted] = result.kind === "answers" ? result.answers : [];
    const { answers } = await machine.read([{ kind: "get", key: bytes("own") }], limits);
    const [own] = answers;
    return [granted?.kind === "grantLease" && granted.leaseId, own?.kind === "get" && own.entry?.leaseId];
  };

  test("go on with the time that is left, in cluster time", async () => {
    const taken = await backUp(3, [grantLease(60_000, 7), putLeased("leased", "1", { leaseId: 7 })]);
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1_000 });
    const machine = await open(store);
    const deadlineMs = (await taken.machine.firstLeaseDeadlineMs()) ?? 0;
    expect(await machine.firstLeaseDeadlineMs()).toBe(deadlineMs);
    const log = new CommandLog();
    log.entries.push(...taken.log.entries);
    for (const [timeMs, expired] of [
      [deadlineMs - 1, 0],
      [deadlineMs, 1],
    ] as const) {
      log.timeMs = timeMs;
      const ended = await applyOne(machine, log, { operations: [expireLeases] });
      expect(ended).toMatchObject({ answers: [{ kind: "expireLeases", expired, deleted: expired }] });
    }
  });

  test.each([
    ["that had none before it", []],
    ["that had some", [grantLease(500)]],
  ])("of a cluster %s get no ids that were given out after the backup", async (_, before) => {
    const taken = await backUp(3, before);
    const old = await grantedIds(taken.machine, taken.log);
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1_000 });
    const log = new CommandLog();
    // As many entries as there were when it was taken.
    log.entries.push(...taken.log.entries.slice(0, taken.header.index));
    const restored = await grantedIds(await open(store), log);
    expect(restored).toEqual(old.map((id) => Number(id) + 1_000));
  });

  test("do not stand in the way of a cluster that has none", async () => {
    const taken = await backUp(2);
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1_000 });
    expect(store.rowKeys().some((key) => key.startsWith("l"))).toBe(false);
  });
});

describe("a backup that is damaged", () => {
  test("anywhere, cut short or too long is refused, and nothing is restored", async () => {
    const { bytes } = await backUp();
    const positions = [...Array(200).keys(), ...Array.from({ length: 200 }, (_, i) => bytes.length - 1 - i)];
    const bad = [
      ...positions.map((at) => bytes.map((byte, i) => (i === at ? byte ^ 0x41 : byte))),
      ...[0, 4, 9, 60, 500, bytes.length - 32, bytes.length - 1].map((length) => bytes.subarray(0, length)),
      Buffer.concat([bytes, Uint8Array.of(0)]),
    ];
    const store = new GatedStore();
    for (const damaged of bad) {
      const refused = { code: expect.stringMatching(/^(malformedBackup|newerFormat)$/) };
      await expect(restoreBackup(store, chunked(damaged, 1_000), { bumpRevision: 1 })).rejects.toMatchObject(refused);
      await expect(verifyBackup(chunked(damaged, 1_000))).rejects.toMatchObject(refused);
    }
    expect([store.appliedIndex(), store.rowKeys()]).toEqual([0, []]);
    expect(await verifyBackup(chunked(bytes, 1_000))).toMatchObject({ revision: 6, keys: 2 });
  });

  test("never takes the place of a state", async () => {
    const taken = await backUp();
    const store = new GatedStore();
    await restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1 });
    await expect(restoreBackup(store, chunked(taken.bytes, 1_000), { bumpRevision: 1 })).rejects.toMatchObject({
      code: "outOfOrder",
    });
  });
});
