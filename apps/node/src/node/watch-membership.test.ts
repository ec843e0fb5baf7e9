import type { ConsensusStatus, Membership } from "@raftkv/raft-core";
import type { Introduction } from "@raftkv/transport-connect";
import { describe, expect, it } from "vitest";
import { untilRemoved, type WatchOptions } from "./watch-membership.ts";

const self = { nodeId: 3, memberId: "three" };

function membershipOf(...ids: readonly number[]): Membership {
  const members = ids.map((id) => ({ id, address: `10.0.0.${id}:1`, memberId: id === 3 ? "three" : `m${id}` }));
  return { voters: ids, outgoingVoters: [], learners: [], members };
}

const all = membershipOf(1, 2, 3);
const without = membershipOf(1, 2);

interface Says {
  readonly membership: Membership;
  readonly committed?: boolean;
  readonly commitIndex?: number;
  readonly clusterId?: string;
}

/** A node that is watched, and what the others would say of it. Time passes with each look. */
class Watched {
  newest = all;
  committed = all;
  index = 10;
  leader: number | undefined = 1;
  readonly others = new Map<string, Says>();
  readonly asked: string[] = [];
  readonly moved: string[] = [];
  namedAt: number | undefined;
  membersChanged = (): void => {};
  roleChanged = (): void => {};
  #now = 0;

  says(id: number, says: Says, port = 1): this {
    this.others.set(`10.0.0.${id}:${port}`, says);
    return this;
  }

  /** Whether it takes itself for removed within ten seconds. */
  async isRemoved(options: Partial<WatchOptions> = {}): Promise<boolean> {
    const end = new Error("ten seconds have passed");
    const pause = async (delayMs: number) => {
      this.#now += delayMs;
      if (this.#now > 10_000) throw end;
    };
    const watch = untilRemoved(
      {
        self,
        clusterId: "c",
        consensus: {
          status: () => this.#status(),
          onMembersChange: (listener) => {
            this.membersChanged = () => listener(this.#status());
            return () => {
              this.membersChanged = () => {};
            };
          },
          onRoleChange: (listener) => {
            this.roleChanged = () => listener(this.#status());
            return () => {
              this.roleChanged = () => {};
            };
          },
        },
        view: { namedAt: this.namedAt, isOut: false },
        addresses: [],
        introduce: (address) => this.#introduce(address),
        onFoundElsewhere: ({ nodeId }, address) => this.moved.push(`${nodeId} at ${address}`),
        clock: { now: () => this.#now },
        pause,
        ...options,
      },
      new AbortController().signal,
    );
    return watch.then(
      () => true,
      (error: unknown) => {
        if (error !== end) throw error;
        return false;
      },
    );
  }

  #status(): ConsensusStatus {
    const leader = all.members.find(({ id }) => id === this.leader);
    return {
      identity: { ...self, incarnation: 1, clusterId: "c" },
      role: "follower",
      term: 1,
      leader,
      commit: this.index,
      applied: this.index,
      last: { term: 1, index: this.index },
      hardState: { term: 1, votedFor: undefined, commit: this.index },
      membership: this.newest,
      membershipIndex: this.index,
      committedMembership: this.committed,
      foundingMembership: undefined,
      transferTo: undefined,
      progress: [],
    };
  }

  async #introduce(address: string): Promise<Introduction> {
    this.asked.push(address);
    const says = this.others.get(address);
    const nodeId = Number(/\.(\d+):/.exec(address)?.[1]);
    if (says === undefined) throw new Error("refused");
    const { membership, committed = true, commitIndex = 20, clusterId = "c" } = says;
    const formation = {
      clusterId,
      membership,
      foundingMembership: undefined,
      membershipCommitted: committed,
      commitIndex,
    };
    return { nodeId, memberId: `m${nodeId}`, formation };
  }
}

describe("a member", () => {
  it("that follows a leader asks nobody", async () => {
    const node = new Watched();
    expect(await node.isRemoved()).toBe(false);
    expect(node.asked).toEqual([]);
  });

  it("is out once its log says so, and not before that is committed", async () => {
    const leaving = Object.assign(new Watched(), { namedAt: 10, newest: without });
    expect(await leaving.isRemoved()).toBe(false);
    const out = Object.assign(new Watched(), { namedAt: 10, newest: without, committed: without });
    expect(await out.isRemoved()).toBe(true);
  });

  it("looks seldom while all is well, and at once when the members change", async () => {
    const node = Object.assign(new Watched(), { namedAt: 10 });
    const looks: number[] = [];
    const pause = async (delayMs: number, signal: AbortSignal): Promise<void> => {
      looks.push(delayMs);
      if (looks.length < 4) return;
      if (looks.length > 4) throw new Error("it has looked at once, and not found it out");
      queueMicrotask(() => {
        Object.assign(node, { newest: without, committed: without });
        node.membersChanged();
      });
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    expect(await node.isRemoved({ pause })).toBe(true);
    expect(looks).toEqual([250, 10_000, 10_000, 10_000]);
  });

  it("looks at once when the leader is lost, and is patient from then on", async () => {
    const node = Object.assign(new Watched(), { namedAt: 10 }).says(1, { membership: without });
    const looks: number[] = [];
    let now = 0;
    const pause = async (delayMs: number, signal: AbortSignal): Promise<void> => {
      looks.push(delayMs);
      now += delayMs;
      if (looks.length !== 2) return;
      queueMicrotask(() => {
        node.leader = undefined;
        node.roleChanged();
      });
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    expect(await node.isRemoved({ pause, clock: { now: () => now } })).toBe(true);
    expect(looks).toEqual([250, 10_000, ...Array.from({ length: 12 }, () => 250)]);
  });

  it("that hears of no leader stays while the others cannot be reached, or have it still", async () => {
    const node = Object.assign(new Watched(), { leader: undefined });
    expect(await node.isRemoved()).toBe(false);
    expect(new Set(node.asked)).toEqual(new Set(["10.0.0.1:1", "10.0.0.2:1"]));
    const kept = Object.assign(new Watched(), { leader: undefined }).says(1, { membership: all });
    expect(await kept.says(2, { membership: without }).isRemoved()).toBe(false);
  });

  it("is out when one says so who knows at least as much as its own log", async () => {
    const lonely = () => Object.assign(new Watched(), { leader: undefined });
    expect(await lonely().says(1, { membership: without }).isRemoved()).toBe(true);
    expect(await lonely().says(1, { membership: without, commitIndex: 9 }).isRemoved()).toBe(false);
    expect(await lonely().says(1, { membership: without, committed: false }).isRemoved()).toBe(false);
    expect(await lonely().says(1, { membership: without, clusterId: "other" }).isRemoved()).toBe(false);
  });

  it("finds members that are not where they were, at the addresses that it was told, and leaves the others alone", async () => {
    const node = Object.assign(new Watched(), { leader: undefined });
    node.says(1, { membership: all }, 7).says(2, { membership: all }).says(2, { membership: all }, 7);
    node.says(5, { membership: all, clusterId: "other" });
    expect(await node.isRemoved({ addresses: ["10.0.0.1:7", "10.0.0.2:7", "10.0.0.5:1"] })).toBe(false);
    expect(new Set(node.moved)).toEqual(new Set(["1 at 10.0.0.1:7"]));
  });

  it("finds out from nodes that it does not know, through those that it does", async () => {
    const node = Object.assign(new Watched(), { leader: undefined });
    node.says(1, { membership: membershipOf(1, 5), commitIndex: 5 }).says(5, { membership: membershipOf(1, 5) });
    expect(await node.isRemoved()).toBe(true);
  });
});

describe("a node that its own log never had", () => {
  const newcomer = () => Object.assign(new Watched(), { newest: without, committed: without });

  it("is none of the cluster's when a majority of the voters say so, and nobody knows better", async () => {
    expect(await newcomer().says(1, { membership: without }).isRemoved()).toBe(false);
    expect(await newcomer().says(1, { membership: without }).says(2, { membership: without }).isRemoved()).toBe(true);
    expect(await newcomer().says(1, { membership: without }).says(2, { membership: all }).isRemoved()).toBe(false);
  });

  it("needs both majorities of a joint membership for that", async () => {
    const joint = { ...membershipOf(1, 2, 5), voters: [1, 2], outgoingVoters: [1, 5] };
    const node = () => newcomer().says(1, { membership: joint }).says(2, { membership: joint });
    expect(await node().isRemoved()).toBe(false);
    expect(await node().says(5, { membership: joint }).isRemoved()).toBe(true);
  });

  it("looks for members where it was told that they are", async () => {
    const node = Object.assign(new Watched(), { newest: membershipOf(), committed: membershipOf(), leader: undefined });
    node.says(7, { membership: without }).says(1, { membership: without }).says(2, { membership: without });
    expect(await node.isRemoved({ addresses: ["10.0.0.7:1"] })).toBe(true);
  });
});
