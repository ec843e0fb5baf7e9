import { afterEach, describe, expect, it, vi } from "vitest";
import { explore, FailingSeed } from "./explore.ts";
import type { TestCluster } from "./test-cluster.ts";

afterEach(() => vi.unstubAllEnvs());

/** Fails where the first draw is small: under some seeds. */
async function unlucky(cluster: TestCluster): Promise<void> {
  await cluster.client().put("a", "1");
  if (cluster.random() < 0.2) throw new Error("out of luck");
}

async function failureOf(exploration: Promise<unknown>): Promise<FailingSeed> {
  const failure = await exploration.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof FailingSeed) return failure;
  throw new Error(`expected a seed that fails, and found ${String(failure)}`);
}

describe("exploring", () => {
  it("runs a scenario under every seed", async () => {
    const hashes = new Set<string>();
    const result = await explore({ seeds: 5, nodes: 1 }, async (cluster) => {
      await cluster.client().put("a", "1");
      hashes.add(cluster.traceHash);
    });
    expect(result.runs).toBe(5);
    expect(hashes.size).toBe(5);
  });

  it("stops at the first seed that fails, and says how to run it alone", async () => {
    const failure = await failureOf(explore({ seeds: 50, nodes: 1 }, unlucky));
    expect(failure.message).toContain(`seed ${failure.seed} fails: out of luck`);
    expect(failure.message).toContain(`RAFTKV_SEED=${failure.seed}`);
    expect(failure.cause).toEqual(new Error("out of luck"));
    expect(failure.trace.some((line) => line.includes("1 starts"))).toBe(true);
    vi.stubEnv("RAFTKV_SEED", `${failure.seed}`);
    let runs = 0;
    const again = await failureOf(
      explore({ seeds: 50, nodes: 1 }, (cluster) => {
        if (cluster.trace.length === 0) runs++;
        return unlucky(cluster);
      }),
    );
    expect(again.seed).toBe(failure.seed);
    expect(again.trace).toEqual(failure.trace);
    expect(runs).toBe(1);
  });

  it("says so where a failure depends on something real", async () => {
    let run = 0;
    const failure = await failureOf(
      explore({ seeds: 3, nodes: 1 }, async (cluster) => {
        await cluster.advance(++run);
        if (run === 2) throw new Error("the second run");
      }),
    );
    expect(failure.message).toContain("It did not do the same when it was run again");
  });

  it("ends a run that takes too much simulated time", async () => {
    const failure = await failureOf(
      explore({ seeds: 1, nodes: 1, limitMs: 5_000 }, async (cluster) => {
        for (;;) await cluster.advance(100);
      }),
    );
    expect(failure.message).toContain("it has not ended within 5000 simulated ms");
  });
});
