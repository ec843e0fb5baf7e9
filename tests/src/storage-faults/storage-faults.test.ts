import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoragePackage } from "@raftkv/kv-server";
import { MemoryDisk } from "@raftkv/storage-memory";
import * as sqlite from "@raftkv/storage-sqlite";
import { describe, expect, it } from "vitest";
import { alone, following, type Scenario } from "./scenarios.ts";
import { Stage } from "./stage.ts";
import { type PlannedFault, type StorageCall, StorageFault, storageCalls, waysToFail } from "./storage-fault.ts";

const packages: readonly { readonly name: string; readonly make: () => StoragePackage }[] = [
  { name: "storage-memory", make: () => new MemoryDisk() },
  { name: "storage-sqlite", make: () => sqlite },
];

/** Runs the scenario with that fault, and checks what is there at the end. Resolves with the calls that were made. */
async function play(scenario: Scenario, make: () => StoragePackage, plan?: PlannedFault): Promise<StorageFault> {
  const directory = await mkdtemp(join(tmpdir(), "raftkv-storage-faults-"));
  const fault = new StorageFault(plan);
  const stage = new Stage({ ...scenario, package: make(), dataDir: join(directory, "data"), fault });
  try {
    await scenario.run(stage);
    fault.calm();
    await stage.check();
    return fault;
  } catch (error) {
    const what = plan === undefined ? "without a fault" : `${plan.way} at ${plan.call}, number ${plan.occurrence}`;
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await stage.end();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Each call fails in each way at each of its occurrences, until the scenario makes no more of them. */
async function failEachCall(scenario: Scenario, make: () => StoragePackage): Promise<number> {
  const { counts } = await play(scenario, make);
  let runs = 0;
  for (const call of counts.keys()) {
    for (const way of waysToFail) {
      for (let occurrence = 1; ; occurrence++) {
        const { struck } = await play(scenario, make, { call, occurrence, way });
        if (!struck) break;
        runs++;
      }
    }
  }
  return runs;
}

describe.each(packages)("a node on $name", ({ make }) => {
  it("makes every call of the storage ports in one of the scenarios", async () => {
    const made = new Set<StorageCall>();
    for (const scenario of [alone, following])
      for (const call of (await play(scenario, make)).counts.keys()) made.add(call);
    expect(storageCalls.filter((call) => !made.has(call))).toEqual([]);
  });

  it.each([
    ["alone", alone],
    ["following", following],
  ])("%s: loses nothing acknowledged, whichever call fails, in whichever way", async (_, scenario) => {
    console.log(await failEachCall(scenario, make));
  });
});
