import { describe, expect, it } from "vitest";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

describe("a node with a higher priority", () => {
  it("leads in the end, after it has been up for a while, and stays", async () => {
    const { cluster, preferred, first } = await withoutPreferred();
    await cluster.clock.advance(2_500);
    expect(first.node.status().role).toBe("leader");
    await cluster.clock.advance(1_000);
    expect(preferred.node.status().role).toBe("leader");
    expect(first.lines).toContain('handing leadership over {"to":2,"why":"that node has a higher priority"}');
    const { term } = preferred.node.status();
    await cluster.clock.advance(20_000);
    expect(preferred.node.status()).toMatchObject({ role: "leader", term });
  });

  it("is not made leader before it has caught up", async () => {
    const { cluster, preferred, first } = await withoutPreferred();
    preferred.storage.holding = true;
    void first.node.propose(command("a"));
    await cluster.clock.advance(8_000);
    expect(first.node.status().role).toBe("leader");
    preferred.storage.releaseAll();
    await cluster.clock.advance(2_500);
    expect(first.node.status().role).toBe("leader");
    await cluster.clock.advance(1_500);
    expect(preferred.node.status().role).toBe("leader");
  });

  it("waits for one with a higher priority still, so that leadership moves once", async () => {
    const cluster = await TestCluster.start(5, {}, [0, 5, 1, 0, 0]);
    for (const id of [2, 3]) cluster.network.isolate(id);
    const [one, preferred, middle, ...others] = cluster.members;
    const first = await cluster.elect(cluster.members.filter((member) => member !== preferred && member !== middle));
    expect([one, ...others]).toContain(first);
    cluster.network.heal();
    cluster.network.isolate(2);
    await cluster.clock.advance(2_000);
    cluster.network.heal();
    await cluster.clock.advance(2_500);
    expect(first.node.status().role).toBe("leader");
    await cluster.clock.advance(1_500);
    expect(preferred?.node.status().role).toBe("leader");
  });

  it("that does not take over is tried again after twice the time", async () => {
    const { cluster, first } = await withoutPreferred();
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    const attempts: number[] = [];
    for (let ms = 0; ms < 25_000; ms += 20) {
      await cluster.clock.advance(20);
      const count = first.lines.filter((line) => line.startsWith("handing leadership over")).length;
      if (count > attempts.length) attempts.push(ms);
    }
    const pauses = attempts.slice(1).map((at, position) => at - (attempts[position] ?? 0));
    expect(attempts).toHaveLength(3);
    // After a trial of 3 s: twice that, four times that.
    expect(pauses.map((pause) => Math.round(pause / 1_000))).toEqual([6, 12]);
    expect(first.node.status().role).toBe("leader");
  });
});

/** Node 2 is preferred and has been away, so that another leads; now it is back. */
async function withoutPreferred() {
  const cluster = await TestCluster.start(3, {}, [0, 5, 0]);
  const preferred = cluster.member(2);
  cluster.network.isolate(preferred.id);
  const first = await cluster.elect(cluster.members.filter((member) => member !== preferred));
  cluster.network.heal();
  await cluster.until(() => preferred.node.status().leader?.id === first.id);
  return { cluster, preferred, first };
}
