import { expect, test, vi } from "vitest";
import { bytes, put } from "../../test-rig/command-log.ts";
import { WatchCallRig } from "../../test-rig/watch-call.ts";
import { settle, watchRig } from "../../test-rig/watch-rig.ts";

const MIB = 1024 * 1024;
const keys = Array.from({ length: 1_000 }, (_, i) => `k${1_000 + i}`);
const value = "v".repeat(12_000);
const deletion = { operation: { case: "deleteRange", value: { from: bytes("k"), to: bytes("l") } } } as const;

test.each([
  ["as it is applied", false],
  ["out of history", true],
])("a revision of many large previous values is held a piece at a time, and told whole, %s", async (_, isPast) => {
  const rig = await watchRig({ limits: { maxWatchStreamBytes: MIB / 2 } }, 3);
  for (const key of keys) await rig.write(put(key, value));
  await rig.machine.flush();
  let fetched = 0;
  const getMany = rig.store.getMany.bind(rig.store);
  vi.spyOn(rig.store, "getMany").mockImplementation(async (wanted) => {
    const values = await getMany(wanted);
    for (const one of values) fetched += one?.length ?? 0;
    return values;
  });
  if (isPast) await rig.write(deletion);
  const revision = BigInt(keys.length + 2);
  const call = new WatchCallRig(rig);
  // The rest of a revision takes no credit: its client can use up nothing of it before it has it all.
  call.watch(1n, { from: "", withPrevious: true, creditBytes: 1n, startRevision: revision });
  await settle();
  call.paused = true;
  if (!isPast) await rig.write(deletion);
  let most = 0;
  for (let turn = 0; turn < 200 && call.events(1n).length < keys.length; turn++) {
    fetched = 0;
    await settle();
    most = Math.max(most, fetched);
    call.resume();
    call.paused = true;
  }
  expect(call.events(1n)).toHaveLength(keys.length);
  expect(call.events(1n).every((event) => event.endsWith("vvv"))).toBe(true);
  expect(most).toBeLessThan(2 * MIB);
  const through = call.of(1n).flatMap((one) => (one.case === "events" ? [one.value.throughRevision] : []));
  expect(through.length).toBeGreaterThan(20);
  expect(new Set(through.slice(0, -1))).toEqual(new Set([revision - 1n]));
  expect(through.at(-1)).toBe(revision);
});

test("a revision of large previous values in memory is not encoded as a whole", async () => {
  const rig = await watchRig({ limits: { maxWatchStreamBytes: MIB / 2 } }, 3);
  for (const key of keys) await rig.write(put(key, value));
  const call = new WatchCallRig(rig).watch(1n, { from: "", withPrevious: true });
  await call.has(1n, "created");
  call.paused = true;
  await rig.write(deletion);
  await settle();
  expect(call.unreadBytes).toBeLessThan(MIB);
  call.resume();
  expect(await call.told(1n, keys.length)).toHaveLength(keys.length);
});
