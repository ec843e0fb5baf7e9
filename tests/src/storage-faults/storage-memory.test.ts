import { MemoryDisk } from "@raftkv/storage-memory";
import { describe, expect, it } from "vitest";
import { failOneByOne, play, scenarios } from "./play.ts";
import { type StorageCall, storageCalls } from "./storage-fault.ts";

describe("a node whose storage fails, on storage-memory", () => {
  it("makes every call of the storage ports in one scenario or the other", async () => {
    const made = new Set<StorageCall>();
    for (const scenario of Object.values(scenarios)) {
      for (const call of (await play(scenario, new MemoryDisk())).counts.keys()) made.add(call);
    }
    expect(storageCalls.filter((call) => !made.has(call))).toEqual([]);
  });

  it.each(Object.entries(scenarios))(
    "loses nothing acknowledged, whichever call fails, in whichever way (%s)",
    { timeout: 240_000 },
    async (_, scenario) => {
      expect(await failOneByOne(scenario, () => new MemoryDisk())).toBeGreaterThan(200);
    },
  );
});
