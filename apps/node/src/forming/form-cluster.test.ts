import { setImmediate as turn } from "node:timers/promises";
import type { Formation, Introduction } from "@raftkv/transport-connect";
import { describe, expect, it } from "vitest";
import { NodeFailure } from "../exit/node-failure.ts";
import { formCluster } from "./form-cluster.ts";
import type { Founder } from "./founder.ts";

interface Directory {
  readonly memberId: string;
  formation: Formation | undefined;
  readonly restoredIndex?: number;
}

const addressOf = (id: number): string => `10.0.0.${id}:50051`;
const never = new AbortController().signal;

/** Founders that can be up, down, and lose their data directories. What is up answers introductions. */
class FakeNetwork {
  readonly #directories = new Map<number, Directory>();
  readonly #up = new Set<number>();
  readonly #founders: readonly Founder[];
  readonly waiting = new Map<number, readonly string[]>();
  clusterIdsDrawn = 0;
  rounds = 0;

  constructor(founders: readonly Founder[]) {
    this.#founders = founders;
    for (const { id } of founders) this.wipe(id);
  }

  wipe(id: number): void {
    const memberId = `${id}-${(this.#directories.get(id)?.memberId ?? "").length}`;
    this.#directories.set(id, { memberId, formation: undefined });
  }

  restore(id: number, restoredIndex: number): void {
    this.#directories.set(id, { memberId: `${id}-restored`, formation: undefined, restoredIndex });
  }

  directory(id: number): Directory {
    const directory = this.#directories.get(id);
    if (directory === undefined) throw new Error(`no node ${id}`);
    return directory;
  }

  down(id: number): void {
    this.#up.delete(id);
  }

  /** Listens, and forms if the directory is fresh. The formation is durable when this resolves. */
  async up(id: number, signal: AbortSignal = never, founders = this.#founders): Promise<Formation> {
    this.#up.add(id);
    const directory = this.directory(id);
    if (directory.formation !== undefined) return directory.formation;
    const formation = await formCluster(
      {
        self: {
          nodeId: id,
          memberId: directory.memberId,
          restoredIndex: directory.restoredIndex ?? 0,
          address: addressOf(id),
          priority: founders.find((founder) => founder.id === id)?.priority,
        },
        others: founders.filter((founder) => founder.id !== id),
        introduce: ({ address }) => this.#introduce(address),
        newClusterId: () => `cluster-${++this.clusterIdsDrawn}`,
        onWaiting: (reasons) => this.waiting.set(id, reasons),
        pause: async (_delayMs, pauseSignal) => {
          this.rounds++;
          await turn();
          pauseSignal.throwIfAborted();
        },
      },
      signal,
    );
    directory.formation = formation;
    return formation;
  }

  async #introduce(address: string): Promise<Introduction> {
    await turn();
    const id = Number(/^10\.0\.0\.(\d+)/.exec(address)?.[1]);
    if (!this.#up.has(id)) throw new Error("no route");
    return { nodeId: id, ...this.directory(id) };
  }
}

const founders = [1, 2, 3].map((id) => ({ id, address: addressOf(id) }));

async function rounds(network: FakeNetwork, count: number): Promise<void> {
  const end = network.rounds + count;
  while (network.rounds < end) await turn();
}

const failureOf = async (formation: Promise<Formation>): Promise<NodeFailure> => {
  const error = await formation.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof NodeFailure) return error;
  throw new Error(`expected a NodeFailure, found ${String(error)}`);
};

describe("forming a cluster", () => {
  it("is done at once by a single founder", async () => {
    const network = new FakeNetwork(founders.slice(0, 1));
    const { clusterId, membership } = await network.up(1);
    expect(clusterId).toBe("cluster-1");
    expect(membership.voters).toEqual([1]);
    expect(network.rounds).toBe(0);
  });

  it.each([[[1, 2, 3]], [[3, 2, 1]], [[2, 3, 1]]])(
    "gives one cluster id and one membership when nodes start as %j",
    async (order) => {
      const network = new FakeNetwork(founders);
      const formations: Promise<Formation>[] = [];
      for (const id of order) {
        formations.push(network.up(id));
        await turn();
      }
      const [first, ...others] = await Promise.all(formations);
      expect(others).toEqual([first, first]);
      expect(network.clusterIdsDrawn).toBe(1);
      expect(first?.membership).toEqual({
        voters: [1, 2, 3],
        outgoingVoters: [],
        learners: [],
        members: [1, 2, 3].map((id) => ({ id, address: addressOf(id), memberId: network.directory(id).memberId })),
      });
    },
  );

  it("gives the founders the priorities of the node that decides", async () => {
    const preferred = founders.map((founder) => (founder.id === 2 ? { ...founder, priority: 9 } : founder));
    for (const order of [
      [1, 2, 3],
      [2, 3, 1],
    ]) {
      const network = new FakeNetwork(preferred);
      const formations = await Promise.all(order.map((id) => network.up(id)));
      for (const { membership } of formations) {
        expect(membership.members.map(({ priority }) => priority)).toEqual([undefined, 9, undefined]);
      }
    }
  });

  it.each([1, 2, 3])(
    "begins with the backup that node %i was restored from, in whatever order they start",
    async (id) => {
      for (const order of [
        [1, 2, 3],
        [3, 2, 1],
      ]) {
        const network = new FakeNetwork(founders);
        network.restore(id, 70);
        const formations = await Promise.all(order.map((founder) => network.up(founder)));
        expect(network.clusterIdsDrawn).toBe(1);
        for (const formation of formations) {
          expect(formation).toEqual(formations[0]);
          // Nobody may take an empty log for the beginning of this cluster's.
          expect(formation).toMatchObject({ foundingMembership: undefined, commitIndex: 70 });
        }
      }
    },
  );

  it("is not refused to a founder that asks one that has the cluster, and does not know yet who belongs to it", async () => {
    const network = new FakeNetwork(founders);
    network.restore(2, 70);
    const [formation] = await Promise.all([1, 2, 3].map((founder) => network.up(founder)));
    if (formation === undefined) throw new Error("nothing was formed");
    // Killed before it had written that down.
    network.directory(3).formation = undefined;
    const nobody = { voters: [], outgoingVoters: [], learners: [], members: [] };
    network.directory(1).formation = { ...formation, membership: nobody };
    network.down(2);
    const again = network.up(3);
    await rounds(network, 20);
    expect(network.waiting.get(3)).toContainEqual(expect.stringContaining("does not know yet who belongs"));
    await network.up(2);
    expect((await again).clusterId).toBe("cluster-1");
  });

  it("is not done while two founders were restored from a backup", async () => {
    const network = new FakeNetwork(founders);
    network.restore(1, 70);
    network.restore(3, 70);
    const stop = new AbortController();
    const waiting = founders.map(({ id }) => network.up(id, stop.signal));
    await rounds(network, 20);
    expect(network.clusterIdsDrawn).toBe(0);
    expect(network.waiting.get(2)).toEqual([expect.stringMatching(/^all but one of nodes 1, 3 to get a fresh data/)]);
    stop.abort(new Error("stopped"));
    for (const formation of waiting) await expect(formation).rejects.toThrow("stopped");
  });

  it("is refused to a node that was restored from a backup when the others have formed without it", async () => {
    const network = new FakeNetwork(founders);
    await Promise.all([1, 2, 3].map((founder) => network.up(founder)));
    network.down(2);
    network.restore(2, 70);
    const failure = await failureOf(network.up(2));
    expect(failure.exitCode).toBe(7);
    expect(failure.message).toMatch(/^node 2 was restored from a backup, and cluster cluster-1, .* has formed without/);
  });

  it("waits for every founder, and says for whom", async () => {
    const network = new FakeNetwork(founders);
    const one = network.up(1);
    const two = network.up(2);
    await rounds(network, 20);
    expect(network.clusterIdsDrawn).toBe(0);
    expect(network.waiting.get(1)).toEqual([`node 3 at ${addressOf(3)} (no route)`]);
    await Promise.all([one, two, network.up(3)]);
    expect(network.clusterIdsDrawn).toBe(1);
  });

  it("is never done by two nodes that do not have the lowest id", async () => {
    const network = new FakeNetwork(founders);
    const stop = new AbortController();
    const waiting = [network.up(2, stop.signal), network.up(3, stop.signal)];
    await rounds(network, 20);
    expect(network.clusterIdsDrawn).toBe(0);
    stop.abort(new Error("stopped"));
    for (const formation of waiting) await expect(formation).rejects.toThrow("stopped");
  });

  it("takes no answer of an earlier round for one of this round: a directory wiped meanwhile counts anew", async () => {
    const network = new FakeNetwork(founders);
    const one = network.up(1);
    const wiped = failureOf(network.up(2));
    await rounds(network, 4);
    network.wipe(2);
    const three = network.up(3);
    const { membership } = await one;
    expect(membership.members[1]?.memberId).toBe(network.directory(2).memberId);
    await three;
    expect((await wiped).exitCode).toBe(7);
  });

  it("is caught up on by a founder that was away when the others formed", async () => {
    const network = new FakeNetwork(founders);
    const stop = new AbortController();
    const three = network.up(3, stop.signal);
    const decided = network.up(1);
    const two = network.up(2);
    const formation = await decided;
    stop.abort(new Error("killed"));
    await three.catch(() => undefined);
    network.down(1);
    await two;
    expect(await network.up(3)).toEqual(formation);
  });

  it.each([1, 2, 3])("is refused to node %i on a wiped directory, with the way out", async (id) => {
    const network = new FakeNetwork(founders);
    await Promise.all([1, 2, 3].map((founder) => network.up(founder)));
    network.down(id);
    network.wipe(id);
    const failure = await failureOf(network.up(id));
    expect(failure.exitCode).toBe(7);
    expect(failure.message).toMatch(
      new RegExp(
        `^cluster cluster-1 knows node ${id} with another data directory .* Start it on its old data directory`,
      ),
    );
    expect(network.clusterIdsDrawn).toBe(1);
  });

  it("is refused to a node that the cluster does not know", async () => {
    const network = new FakeNetwork([...founders, { id: 4, address: addressOf(4) }]);
    await Promise.all([1, 2, 3].map((founder) => network.up(founder, never, founders)));
    const failure = await failureOf(network.up(4));
    expect(failure.exitCode).toBe(7);
    expect(failure.message).toMatch(/^node 4 is not a member of cluster cluster-1/);
  });

  it("does not go on while another node answers at a founder's address", async () => {
    const swapped = [founders[0], { id: 2, address: addressOf(3) }, { id: 3, address: addressOf(2) }];
    const network = new FakeNetwork(founders);
    const stop = new AbortController();
    const waiting = network.up(
      1,
      stop.signal,
      swapped.filter((founder) => founder !== undefined),
    );
    void network.up(2, stop.signal).catch(() => undefined);
    void network.up(3, stop.signal).catch(() => undefined);
    await rounds(network, 20);
    expect(network.waiting.get(1)).toEqual([
      `node 2 at ${addressOf(3)} (found node 3 there: check the addresses)`,
      `node 3 at ${addressOf(2)} (found node 2 there: check the addresses)`,
    ]);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
  });
});
