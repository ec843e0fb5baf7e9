import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoragePackage } from "@raftkv/kv-server";
import { alone, following, type Scenario } from "./scenarios.ts";
import { Stage } from "./stage.ts";
import { type FaultPlan, StorageFault, type WayToFail, waysToFail } from "./storage-fault.ts";

export const scenarios: Readonly<Record<string, Scenario>> = { alone, following };

/** Runs the scenario with these faults, and checks what is there at the end. Rejects with what is wrong. */
export async function play(scenario: Scenario, storage: StoragePackage, plan?: FaultPlan): Promise<StorageFault> {
  const directory = await mkdtemp(join(tmpdir(), "raftkv-storage-faults-"));
  const fault = new StorageFault(plan);
  const stage = new Stage({ ...scenario, package: storage, dataDir: join(directory, "data"), fault });
  try {
    await scenario.run(stage);
    fault.calm();
    await stage.check();
    return fault;
  } finally {
    await stage.end();
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Each call fails in each way at each of its occurrences, one fault a run, until the scenario makes no more of them.
 * Resolves with how many calls have failed.
 */
export async function failOneByOne(scenario: Scenario, makeStorage: () => StoragePackage): Promise<number> {
  const { counts } = await play(scenario, makeStorage());
  let failed = 0;
  for (const call of counts.keys()) {
    for (const way of waysToFail) {
      for (let occurrence = 1; ; occurrence++) {
        const plan: FaultPlan = (name, number) => (name === call && number === occurrence ? way : undefined);
        const { struck } = await told(`${way} at ${call}, number ${occurrence}`, play(scenario, makeStorage(), plan));
        if (struck === 0) break;
        failed++;
      }
    }
  }
  return failed;
}

/**
 * Each call fails as often as the scenario makes it, many in a run, each in one way; the ways take turns. Resolves with how
 * many calls have failed.
 */
export async function failManyAtOnce(scenario: Scenario, makeStorage: () => StoragePackage): Promise<number> {
  const { counts } = await play(scenario, makeStorage());
  const calls = [...counts.keys()];
  const runs = waysToFail.length;
  let failed = 0;
  for (let run = 0; run < runs; run++) {
    const plan: FaultPlan = (call, occurrence) => {
      if (occurrence > (counts.get(call) ?? 0) || occurrence % runs !== run) return undefined;
      return wayAt(calls.indexOf(call) + Math.floor(occurrence / runs));
    };
    const { struck } = await told(`run ${run}`, play(scenario, makeStorage(), plan));
    failed += struck;
  }
  return failed;
}

function wayAt(turn: number): WayToFail {
  return waysToFail[turn % waysToFail.length] ?? "error";
}

async function told<Result>(what: string, playing: Promise<Result>): Promise<Result> {
  try {
    return await playing;
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
