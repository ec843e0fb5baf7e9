import { expect, test, vi } from "vitest";
import {
  applyOne,
  bytes,
  CommandLog,
  del,
  type OperationInit,
  put,
  raiseApplyVersion,
} from "../../test-rig/command-log.ts";
import { GatedStore } from "../../test-rig/gated-store.ts";
import { ManualClock } from "../../test-rig/manual-clock.ts";
import { plain } from "../../test-rig/plain.ts";
import { APPLY_VERSION } from "../counters.ts";
import { KvStateMachine } from "../kv-state-machine.ts";

const MIB = 1024 * 1024;
const keys = Array.from({ length: 1_000 }, (_, i) => `k${1_000 + i}`);

type Steps = NonNullable<Extract<OperationInit["operation"], { case: "transaction" }>["value"]["then"]>;

const inTransaction = (...steps: Steps): OperationInit => ({
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
  operation: { case: "transaction", value: { then: steps } },
});

const firstOf = (limit: number, order?: { target: number; descending: boolean }): Steps[number] => ({
  step: {
    case: "range",
    value: { from: bytes("k"), to: bytes("l"), limit, ...(order === undefined ? {} : { order }) },
  },
});

/** 40 MB of values, merged, and what is read of them. */
async function merged() {
  const store = new GatedStore();
  const machine = await KvStateMachine.open({ store, clock: new ManualClock() });
  const log = new CommandLog();
  await applyOne(machine, log, { operations: [raiseApplyVersion(APPLY_VERSION)] });
  for (let at = 0; at < keys.length; at += 50) {
    const operations = keys.slice(at, at + 50).map((key) => put(key, "v".repeat(40_000)));
    await applyOne(machine, log, { operations });
  }
  await machine.flush();
  const read = { bytes: 0, scans: 0 };
  const { getMany, scan } = { getMany: store.getMany.bind(store), scan: store.scan.bind(store) };
  vi.spyOn(store, "getMany").mockImplementation(async (wanted) => {
    const values = await getMany(wanted);
    for (const value of values) read.bytes += value?.length ?? 0;
    return values;
  });
  vi.spyOn(store, "scan").mockImplementation((range) => {
    read.scans++;
    return scan(range);
  });
  return { machine, log, read };
}

const shown = (result: unknown, step: number): readonly string[] => {
  const { answers } = plain(result) as { answers: readonly { results: readonly { entries: readonly Entry[] }[] }[] };
  const entries = answers.at(-1)?.results[step]?.entries ?? [];
  return entries.map(({ key }) => Buffer.from(key).toString());
};
interface Entry {
  readonly key: Uint8Array;
}

test("of a range with a limit only the values that may be shown are read, whatever its order and size", async () => {
  const { machine, log, read } = await merged();
  const newest = { target: 4, descending: true };
  const result = await applyOne(machine, log, { operations: [inTransaction(firstOf(3), firstOf(2, newest))] });
  expect(shown(result, 0)).toEqual(keys.slice(0, 3));
  expect(shown(result, 1)).toEqual(keys.slice(-2).reverse());
  expect(read.bytes).toBeLessThan(6 * 41_000);
});

test("what is changed before it in its entry lets as many others come in", async () => {
  const { machine, log, read } = await merged();
  const gone = { step: { case: "deleteRange", value: { from: bytes("k1004"), to: bytes("k1008") } } } as const;
  const one = { step: { case: "delete", value: { key: bytes("k1003") } } } as const;
  const oldest = { target: 4, descending: false };
  const operations = [del("k1000"), put("k1001", "new"), inTransaction(gone, one, firstOf(4), firstOf(3, oldest))];
  const result = await applyOne(machine, log, { operations });
  expect(shown(result, 2)).toEqual(["k1001", "k1002", "k1008", "k1009"]);
  expect(shown(result, 3)).toEqual(["k1002", "k1008", "k1009"]);
  expect(read.bytes).toBeLessThan(30 * 41_000);
});

test("a lease that ends in its entry does, too", async () => {
  const { machine, log } = await merged();
  const leased = (key: string): OperationInit => ({
    operation: {
      case: "put",
      value: { key: bytes(key), value: bytes("leased"), leaseId: 7n },
    },
  });
  const grant = { operation: { case: "grantLease", value: { leaseId: 7n, ttlMs: 5_000n } } } as const;
  const revoke = { operation: { case: "revokeLease", value: { leaseId: 7n } } } as const;
  await applyOne(machine, log, { operations: [grant, leased("k0"), leased("k00")] });
  await machine.flush();
  const result = await applyOne(machine, log, { operations: [revoke, inTransaction(firstOf(3))] });
  expect(shown(result, 0)).toEqual(keys.slice(0, 3));
});

test("a range whose values are too large together is refused before all of it was looked at", async () => {
  const { machine, log, read } = await merged();
  const all = {
    operation: { case: "deleteRange", value: { from: bytes("k"), to: bytes("l"), withPrevious: true } },
  } as const;
  const result = await applyOne(machine, log, { operations: [all] });
  expect(plain(result)).toMatchObject({ answers: [{ kind: "refused", code: "operationTooLarge" }] });
  // 16 MiB of 40,000 bytes each are 420 keys, and 256 are read at a time.
  expect(read.scans).toBeLessThanOrEqual(2);
  expect(read.bytes).toBe(0);
  const limits = { pageBytes: MIB, totalBytes: 4 * MIB };
  const range = { kind: "range", from: bytes("k"), to: bytes("l"), limit: 3, keysOnly: false } as const;
  read.scans = 0;
  const byValue = { ...range, order: { target: "value", descending: false } } as const;
  expect((await machine.read([byValue], limits)).answers).toEqual([{ kind: "rangeTooLarge" }]);
  expect(read.scans).toBeLessThanOrEqual(3);
});
