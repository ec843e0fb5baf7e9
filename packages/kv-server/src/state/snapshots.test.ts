import { describe, expect, test } from "vitest";
import { META_KEY, sessionRowKey } from "../codec/row-keys.ts";
import { applyOne, bytes, CommandLog, openSession, put } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

const limits = { pageBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };

async function open(store = new GatedStore()) {
  return { store, machine: await KvStateMachine.open({ store, clock: new ManualClock() }), log: new CommandLog() };
}

/** A snapshot of a few keys and a session, as one piece. */
async function takeSnapshot(valueBytes: number) {
  const { machine, log } = await open();
  await applyOne(machine, log, { operations: [openSession(5_000)] });
  await applyOne(machine, log, { session: 1, first: 1, operations: [put("a", "1"), put("b", "x".repeat(valueBytes))] });
  const snapshot = await machine.snapshot();
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.read()) chunks.push(chunk);
  await snapshot.close();
  return { log, index: snapshot.index, chunks, bytes: Buffer.concat(chunks), fingerprint: await machine.fingerprint() };
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("snapshots", () => {
  test("come in chunks of at most 1 MiB, and restore to the same state whatever the chunks are when they arrive", async () => {
    const taken = await takeSnapshot(3_000_000);
    expect(Math.max(...taken.chunks.map(({ length }) => length))).toBeLessThanOrEqual(1024 * 1024);
    for (const size of [70_001, taken.bytes.length]) {
      const { machine, log } = await open();
      await applyOne(machine, log, { operations: [put("old", "1")] });
      await machine.restore(sourceOf(taken.index, chunked(taken.bytes, size)));
      expect({ applied: machine.appliedIndex(), durable: machine.durableIndex() }).toEqual({ applied: 2, durable: 2 });
      expect(await machine.fingerprint()).toEqual(taken.fingerprint);
      const repeated = { session: 1, first: 1, operations: [put("a", "1")] };
      expect(await applyOne(machine, taken.log, repeated)).toEqual({
        kind: "answers",
        answers: [{ kind: "put", revision: 2 }],
      });
      taken.log.entries.pop();
    }
  });

  test("one that is damaged anywhere, cut short or too long is refused, and the old state is kept", async () => {
    const taken = await takeSnapshot(5_000);
    const { machine, log } = await open();
    await applyOne(machine, log, { operations: [put("merged", "1")] });
    await machine.flush();
    await applyOne(machine, log, { operations: [put("in memory", "1")] });
    const before = await machine.fingerprint();
    const head = Array.from({ length: 90 }, (_, i) => i);
    const tail = head.map((i) => taken.bytes.length - 1 - i);
    const bad = [
      ...[...head, ...tail].map((at) => taken.bytes.map((byte, i) => (i === at ? byte ^ 0x41 : byte))),
      ...[0, 1, 13, 17, 2_000, taken.bytes.length - 1].map((length) => taken.bytes.subarray(0, length)),
      Buffer.concat([taken.bytes, Uint8Array.of(0)]),
    ];
    for (const damaged of bad) {
      const restored = machine.restore(sourceOf(taken.index, chunked(damaged, 1_000_000)));
      await expect(restored).rejects.toMatchObject({
        code: expect.stringMatching(/^(malformedSnapshot|newerFormat)$/),
      });
    }
    expect(await machine.fingerprint()).toEqual(before);
    expect(await applyOne(machine, log, { operations: [put("merged", "2")] })).toMatchObject({ kind: "answers" });
  });

  test("one of another index is refused", async () => {
    const taken = await takeSnapshot(5_000);
    const { machine } = await open();
    await expect(machine.restore(sourceOf(taken.index + 1, chunked(taken.bytes, 1_000)))).rejects.toMatchObject({
      code: "malformedSnapshot",
    });
  });

  test("reads wait for a restore, and a restore for reads", async () => {
    const taken = await takeSnapshot(5_000);
    const { store, machine, log } = await open();
    await applyOne(machine, log, { operations: [put("old", "1")] });
    await machine.flush();
    store.hold("getMany");
    const before = machine.read([{ kind: "get", key: bytes("old") }], limits);
    await promisesSettle();
    const restored = machine.restore(sourceOf(taken.index, chunked(taken.bytes, 100_000)));
    const after = machine.read([{ kind: "get", key: bytes("a") }], limits);
    await promisesSettle();
    expect(store.appliedIndex()).toBe(1);
    store.release("getMany");
    await restored;
    expect(await before).toMatchObject({ revision: 2, answers: [{ entry: { modRevision: 2 } }] });
    expect(await after).toMatchObject({ revision: 3, answers: [{ entry: { modRevision: 2 } }] });
  });
});

describe("a second restore", () => {
  test("while one is under way is the caller's error, and lets no read through early", async () => {
    const taken = await takeSnapshot(5_000);
    const { store, machine } = await open();
    store.hold("replace");
    const first = machine.restore(sourceOf(taken.index, chunked(taken.bytes, 100_000)));
    await expect(machine.restore(sourceOf(taken.index, chunked(taken.bytes, 100_000)))).rejects.toMatchObject({
      code: "outOfOrder",
    });
    const reading = machine.read([{ kind: "get", key: bytes("a") }], limits);
    store.release("replace");
    await first;
    expect(await reading).toMatchObject({ revision: 3 });
  });

  test("replaces what was applied since the first, in memory too", async () => {
    const taken = await takeSnapshot(5_000);
    const later = await takeSnapshot(10);
    const { machine, log } = await open();
    await machine.restore(sourceOf(taken.index, chunked(taken.bytes, 100_000)));
    log.entries.push(...taken.log.entries);
    await applyOne(machine, log, { operations: [put("since", "1")] });
    await machine.restore(sourceOf(later.index, chunked(later.bytes, 100_000)));
    expect(await machine.fingerprint()).toEqual(later.fingerprint);
    expect(await machine.read([{ kind: "get", key: bytes("since") }], limits)).toMatchObject({
      revision: 3,
      answers: [{ entry: undefined }],
    });
  });
});

describe("opening", () => {
  test("an empty store is at revision 1, and the first put makes it 2", async () => {
    const { machine, log } = await open();
    expect(machine.revision()).toBe(1);
    expect(await applyOne(machine, log, { operations: [put("a", "1")] })).toEqual({
      kind: "answers",
      answers: [{ kind: "put", revision: 2 }],
    });
  });

  test.each([
    ["a meta row that is missing", META_KEY, undefined, "corruptState"],
    ["a meta row that is damaged", META_KEY, Uint8Array.of(1, 0x80), "corruptState"],
    ["a later row format", META_KEY, Uint8Array.of(9), "newerFormat"],
    ["a later apply version", META_KEY, Uint8Array.of(1, 1, 1, 9), "newerFormat"],
    ["a session row that is damaged", sessionRowKey(1), Uint8Array.of(1, 2, 3), "corruptState"],
    ["bytes left over", sessionRowKey(1), Uint8Array.of(1, 2, 3, 0, 0, 7), "corruptState"],
  ])("%s is refused", async (_name, rowKey, value, code) => {
    const { store, machine, log } = await open();
    await applyOne(machine, log, { operations: [openSession(5_000)] });
    await machine.flush();
    store.tamper(rowKey, value);
    await expect(open(store.copy())).rejects.toMatchObject({ code });
  });
});
