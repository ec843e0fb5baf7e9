import { RaftKvError } from "@raftkv/kv-client";
import { describe, expect, it, vi } from "vitest";
import { createTestCluster, type TestCluster } from "./test-cluster.ts";

/** A little of everything: what two runs under the same seed must do alike. */
async function scenario(cluster: TestCluster): Promise<string[]> {
  const seen: string[] = [];
  const [a, b] = [cluster.process({ name: "a" }), cluster.process({ name: "b", clockOffsetMs: 500 })];
  cluster.disturb({ meanIntervalMs: 200 });
  const work = async (process: typeof a) => {
    for (let i = 0; i < 10; i++) {
      await process.clock.sleep(100 * process.random());
      const answer = await process.kv.put(`${process.name}/${i}`, "x").catch((error: RaftKvError) => error.code);
      seen.push(`${process.name} ${process.clock.now()} ${JSON.stringify(answer)}`);
    }
  };
  await Promise.all([work(a), work(b)]);
  return seen;
}

describe("a test cluster", () => {
  it("serves a real client", async () => {
    await using cluster = await createTestCluster();
    const kv = cluster.client();
    const { revision } = await kv.put("a", "1");
    expect(await kv.get("a")).toMatchObject({ text: "1", modRevision: revision });
    expect((await kv.delete("a")).deleted).toBe(true);
    expect((await kv.members()).map(({ nodeId }) => nodeId)).toEqual([1, 2, 3]);
    await kv.close();
  });

  it("does the same twice under one seed, and something else under another", async () => {
    const run = async (seed: number) => {
      const cluster = await createTestCluster({ seed });
      return { seen: await scenario(cluster), hash: cluster.traceHash, trace: cluster.trace };
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect((await run(8)).hash).not.toBe(first.hash);
    expect(first.trace.length).toBeGreaterThan(100);
  });

  it("touches no real time, chance or port", async () => {
    const expected = await scenario(await createTestCluster({ seed: 3 }));
    const forbidden = (name: string) => () => {
      throw new Error(`${name} was called`);
    };
    for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch"]) vi.stubGlobal(name, forbidden(name));
    vi.spyOn(Date, "now").mockImplementation(forbidden("Date.now"));
    vi.spyOn(performance, "now").mockImplementation(forbidden("performance.now"));
    vi.spyOn(Math, "random").mockImplementation(forbidden("Math.random"));
    const seen = await scenario(await createTestCluster({ seed: 3 }));
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    expect(seen).toEqual(expected);
  });

  it("lets time stand still while nothing of it is awaited", async () => {
    await using cluster = await createTestCluster();
    const before = cluster.nowMs;
    await new Promise((resolve) => setImmediate(resolve));
    expect(cluster.nowMs).toBe(before);
    await cluster.advance(1_000);
    expect(cluster.nowMs).toBe(before + 1_000);
  });

  it("goes on without its leader, and takes it back", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const kv = cluster.client();
    const first = await cluster.untilLeader();
    cluster.crash(first);
    await kv.put("a", "1");
    expect(cluster.leader).not.toBe(first);
    cluster.restart(first);
    await cluster.advance(1_000);
    const status = await kv.status({ endpoint: `node-${first}.simulated:1` });
    expect(status).toMatchObject({ role: "follower", leaderId: cluster.leader });
  });

  it("serves no writes to a minority, and all again once it is healed", async () => {
    await using cluster = await createTestCluster({ seed: 2 });
    const process = cluster.process({ client: { timeoutMs: 2_000 } });
    const leader = await cluster.untilLeader();
    const others = cluster.nodes.filter((node) => node !== leader);
    cluster.partition([leader, process], others);
    const failed = await process.kv.put("a", "1").catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(RaftKvError);
    await cluster.until(() => others.includes(cluster.leader ?? 0));
    cluster.heal();
    await process.kv.put("a", "2");
    expect((await process.kv.get("a"))?.text).toBe("2");
  });

  it("applies a write once, wherever on its way it or its answer gets lost", async () => {
    for (let delayMs = 0; delayMs < 8; delayMs++) {
      await using cluster = await createTestCluster({ seed: delayMs });
      const process = cluster.process();
      await process.kv.put("a", "0");
      const put = process.kv.put("a", "1", { timeoutMs: 60_000 });
      await cluster.advance(delayMs);
      cluster.isolate(process);
      await cluster.advance(5_000);
      cluster.heal();
      await put;
      expect((await process.kv.get("a"))?.version).toBe(2);
    }
  });

  it("pauses a process: its timers and answers wait", async () => {
    await using cluster = await createTestCluster();
    const process = cluster.process();
    const events: string[] = [];
    const asleep = process.clock.sleep(100).then(() => events.push("awake"));
    const written = process.kv.put("a", "1").then(() => events.push("written"));
    process.pause();
    await cluster.advance(3_000);
    expect(events).toEqual([]);
    process.resume();
    await Promise.all([asleep, written]);
    expect(events).toHaveLength(2);
  });

  it("gives each process a clock of its own", async () => {
    await using cluster = await createTestCluster();
    const right = cluster.process();
    const ahead = cluster.process({ clockOffsetMs: 5_000, clockRate: 2 });
    const before = [right.clock.now(), ahead.clock.now()] as const;
    expect(new Date(before[0]).getUTCFullYear()).toBe(2026);
    expect(before[1] - before[0]).toBeGreaterThanOrEqual(5_000);
    await cluster.advance(1_000);
    expect(right.clock.now() - before[0]).toBe(1_000);
    expect(ahead.clock.now() - before[1]).toBe(2_000);
    ahead.clock.jump(-10_000);
    expect(ahead.clock.now()).toBeLessThan(right.clock.now());
  });

  it("does not answer a process that has crashed, and serves the others", async () => {
    await using cluster = await createTestCluster();
    const process = cluster.process();
    let answered = false;
    void process.kv.put("a", "1").then(() => {
      answered = true;
    });
    process.crash();
    await cluster.client().put("b", "1");
    await cluster.advance(10_000);
    expect(answered).toBe(false);
  });

  it("refuses what makes no sense, with what would", async () => {
    await expect(createTestCluster({ nodes: 0 })).rejects.toThrow("nodes is 0: expected a whole number from 1 to 9");
    await expect(createTestCluster({ maxClockDrift: 5 })).rejects.toThrow("maxClockDrift is 5");
    await using cluster = await createTestCluster({ nodes: 1 });
    expect(() => cluster.crash(2)).toThrow("there is no node 2: the nodes are 1");
    cluster.process({ name: "a" });
    expect(() => cluster.process({ name: "a" })).toThrow('there is a process "a" already');
    await expect(cluster.until(() => false, 10)).rejects.toThrow("within 10 simulated ms");
  });
});
