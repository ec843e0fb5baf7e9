import { expect, test } from "vitest";
import { applyOne, bytes, CommandLog, del, put } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { plain } from "../test-rig/plain.ts";
import { keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import { MemTable } from "./mem-table.ts";
import { SettledRecords } from "./settled-records.ts";

function tableOf(...keys: readonly string[]): MemTable {
  const table = new MemTable();
  for (const [i, key] of keys.entries()) {
    const record = { modRevision: i + 2 } as KeyRecord;
    const change = { id: keyId(bytes(key)), key: bytes(key), revision: i + 2, sub: 0, record, value: bytes("") };
    table.add({ ...change, superseded: undefined, previous: undefined, applyVersion: 2 });
  }
  return table;
}

test("forgets the keys that were merged longest ago where there is no room", () => {
  const records = new SettledRecords(3 * 200);
  records.merged(tableOf("a", "b", "c"));
  records.merged(tableOf("a", "d"));
  const known = ["a", "b", "c", "d"].filter((key) => records.find(keyId(bytes(key))) !== undefined);
  expect(known).toEqual(["c", "a", "d"].sort());
});

async function open() {
  const store = new GatedStore();
  const machine = await KvStateMachine.open({ store, clock: new ManualClock() });
  const log = new CommandLog();
  let asked = 0;
  store.turns = () => {
    asked++;
    return 0;
  };
  const askedBy = async (act: () => Promise<unknown>) => {
    const before = asked;
    await act();
    return asked - before;
  };
  return {
    machine,
    askedBy,
    apply: (...operations: ReturnType<typeof put>[]) => applyOne(machine, log, { operations }),
  };
}

test("the engine is not asked for the record of a key that was merged lately, there or not", async () => {
  const { machine, askedBy, apply } = await open();
  await apply(put("a", "1"), put("gone", "1"));
  await machine.flush();
  await apply(del("gone"), put("a", "2"));
  await machine.flush();
  expect(await askedBy(() => apply(put("a", "3"), put("gone", "2")))).toBe(0);
  expect(await askedBy(() => apply(put("other", "1")))).toBe(1);
  const read = ["a", "gone"].map((key) => ({ kind: "get", key: bytes(key) }) as const);
  const { answers } = await machine.read(read, { pageBytes: 1_000, totalBytes: 1_000 });
  expect(plain(answers)).toMatchObject([{ entry: { value: "3", version: 3 } }, { entry: { value: "2", version: 1 } }]);
});
