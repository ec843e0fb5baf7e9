import { expect, it } from "vitest";
import { timesLeft } from "./times-left.ts";

/** What the keys are by now, and the leases that there still are. */
function clientOf(keys: Readonly<Record<string, number | undefined>>, leases: Readonly<Record<number, number>>) {
  const asked: unknown[] = [];
  return {
    asked,
    get: async (key: Uint8Array | string) => {
      const name = Buffer.from(key).toString();
      return Object.hasOwn(keys, name) ? ({ leaseId: keys[name] } as never) : undefined;
    },
    leases: {
      timeLeft: async (id: number, needs?: unknown) => {
        asked.push([id, needs]);
        return leases[id];
      },
    },
  };
}

const entry = (key: string, leaseId: number | undefined, modRevision = 5) => ({
  keyBytes: Buffer.from(key),
  leaseId,
  modRevision,
});

it("is that of the lease which a key goes with by now, where that is another", async () => {
  const client = clientOf({ again: 8, ending: 7, forever: undefined, kept: 1 }, { 1: 100, 8: 800 });
  const entries = [
    entry("kept", 1),
    entry("again", 7),
    entry("forever", 7),
    entry("gone", 7),
    entry("ending", 7),
    entry("none", undefined),
  ];
  const times = await timesLeft(client, entries, {});
  expect(entries.map((one) => times.get(one))).toEqual([100, 800, undefined, 0, 0, undefined]);
});

it("is asked for where the entries are known, and as they were read; of each lease once", async () => {
  const client = clientOf({}, { 1: 100 });
  await timesLeft(client, [entry("a", 1, 5), entry("b", 1, 9)], {});
  await timesLeft(client, [entry("a", 1, 5)], { minRevision: 7 });
  expect(client.asked).toEqual([
    [1, { consistency: "linearizable", minRevision: 9 }],
    [1, { consistency: "serializable", minRevision: 7 }],
  ]);
});
