import { expect, test } from "vitest";
import { answerRowKey, sessionRowKey } from "../codec/row-keys.ts";
import {
  applyOne,
  bytes,
  CommandLog,
  closeSession,
  type OperationInit,
  openSession,
  put,
  raiseApplyVersion,
} from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { plain } from "../test-rig/plain.ts";
import { sourceOf } from "../test-rig/snapshot-source.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

const session = 2;
const read: OperationInit = {
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
  operation: { case: "transaction", value: { then: [{ step: { case: "get", value: { key: bytes("a") } } }] } },
};

async function withSession() {
  const store = new GatedStore();
  const open = (from: GatedStore) => KvStateMachine.open({ store: from, clock: new ManualClock() });
  const machine = await open(store);
  const log = new CommandLog();
  await applyOne(machine, log, { operations: [raiseApplyVersion(3)] });
  await applyOne(machine, log, { operations: [openSession(60_000)] });
  await applyOne(machine, log, { operations: [put("a", "x".repeat(100_000))] });
  /** How many bytes of session and answer rows the next merge writes; undefined: the row goes. */
  const merged = async () => {
    const sizes = new Map<string, number | undefined>();
    const write = store.write.bind(store);
    store.write = (batch) => {
      for (const { key, value } of batch.changes) sizes.set(Buffer.from(key).toString("hex"), value?.length);
      return write(batch);
    };
    await machine.flush();
    store.write = write;
    const rowOf = (key: Uint8Array) => Buffer.from(key).toString("hex");
    return {
      session: sizes.get(rowOf(sessionRowKey(session))),
      answers: [1, 2, 3].map((sequence) => {
        const key = rowOf(answerRowKey(session, sequence));
        return sizes.has(key) ? (sizes.get(key) ?? "gone") : "untouched";
      }),
    };
  };
  return { store, machine, log, open, merged };
}

test("a large answer that a session keeps is written once, however often anything is heard from the session", async () => {
  const { machine, log, merged } = await withSession();
  await applyOne(machine, log, { session, first: 1, operations: [read, put("b", "1")] });
  const first = await merged();
  expect(first.answers[0]).toBeGreaterThan(100_000);
  expect(first.session).toBeLessThan(100);
  await applyOne(machine, log, { session, operations: [] });
  const again = await merged();
  expect(again).toEqual({ session: first.session, answers: ["untouched", "untouched", "untouched"] });
  await applyOne(machine, log, { session, first: 3, acknowledged: 1, operations: [read] });
  const third = await merged();
  expect(third.answers).toEqual(["gone", "untouched", first.answers[0]]);
  await applyOne(machine, log, { session, first: 4, operations: [closeSession] });
  expect(await merged()).toEqual({ session: undefined, answers: ["untouched", "untouched", "gone"] });
});

test("one that comes and goes between two merges is not written", async () => {
  const { store, machine, log, merged } = await withSession();
  await applyOne(machine, log, { session, first: 1, operations: [read] });
  await applyOne(machine, log, { session, first: 2, acknowledged: 1, operations: [read] });
  expect((await merged()).answers).toEqual(["untouched", expect.any(Number), "untouched"]);
  expect(store.rowKeys().filter((key) => key.startsWith("s"))).toHaveLength(2);
});

test("it survives restarts and snapshots, and goes then when it is acknowledged", async () => {
  const { store, machine, log, open } = await withSession();
  const batch = { session, first: 1, operations: [read, put("b", "1"), read] };
  const told = plain(await applyOne(machine, log, batch));
  const snapshot = await machine.snapshot();
  const other = await open(new GatedStore());
  await other.restore(sourceOf(snapshot.index, snapshot.read()));
  await snapshot.close();
  const again = log.append(batch);
  for (const one of [other, await open(store.copy())]) expect(plain(await one.apply([again]))).toEqual([told]);
  const copy = store.copy();
  const restarted = await open(copy);
  const gone = { session, first: 4, acknowledged: 3, operations: [put("c", "1")] };
  await restarted.apply([again, log.append(gone)]);
  await restarted.flush();
  expect(copy.rowKeys().filter((key) => key.startsWith("s"))).toHaveLength(1);
});

test.each([
  ["is missing", undefined, /answer rows of session 2 are missing/],
  ["belongs to no session", answerRowKey(session, 9), /answer row 9 of session 2 belongs to none/],
])("a state in which an answer row %s is refused", async (_, extra, message) => {
  const { store, machine, log, open } = await withSession();
  await applyOne(machine, log, { session, first: 1, operations: [read] });
  await machine.flush();
  const damaged = store.copy();
  const key = extra ?? answerRowKey(session, 1);
  const [value] = extra === undefined ? [undefined] : await store.getMany([answerRowKey(session, 1)]);
  await damaged.write({ appliedIndex: damaged.appliedIndex() + 1, changes: [{ key, value }] });
  await expect(open(damaged)).rejects.toMatchObject({ code: "corruptState", message: expect.stringMatching(message) });
});
