import {
  cryptoRandom,
  type Entry,
  type Member,
  RaftNode,
  type RaftTransport,
  type SnapshotSource,
  type StateMachine,
  systemClock,
} from "@raftkv/raft-core";
import { MemoryNetwork, membershipOf } from "@raftkv/raft-core/testing";
import { describe, expect, it, vi } from "vitest";
import { MemoryDisk } from "./disk/memory-disk.ts";

const membership = membershipOf(1, 2, 3);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The commands in the order in which they were applied; nothing of it survives, so a restart replays the log. */
class WordList implements StateMachine<number> {
  readonly words: string[] = [];
  #applied = 0;
  appliedIndex(): number {
    return this.#applied;
  }
  durableIndex(): number {
    return 0;
  }
  async apply(entries: readonly Entry[]): Promise<readonly number[]> {
    return entries.map((entry) => {
      this.#applied = entry.index;
      if (entry.kind === "command") this.words.push(new TextDecoder().decode(entry.payload));
      return this.words.length;
    });
  }
  async flush(): Promise<number> {
    return 0;
  }
  async snapshot(): Promise<never> {
    throw new Error("no log is long enough here to need a snapshot");
  }
  async restore(_source: SnapshotSource): Promise<never> {
    throw new Error("nobody sends a snapshot here");
  }
  async close(): Promise<void> {}
}

interface Running {
  readonly node: RaftNode<number>;
  readonly list: WordList;
  readonly transport: RaftTransport;
}

class Machine {
  readonly disk = new MemoryDisk();
  readonly #member: Member;
  readonly #network: MemoryNetwork;

  constructor(member: Member, network: MemoryNetwork) {
    this.#member = member;
    this.#network = network;
  }

  async start(): Promise<Running> {
    const { id, memberId } = this.#member;
    const onFailure = (error: Error) => {
      throw error;
    };
    const { raft } = await this.disk.open({ dataDir: "", nodeId: id, newMemberId: () => memberId, onFailure });
    if (raft.identity().clusterId === undefined) await raft.form("cluster", membership);
    const transport = this.#network.transport(id);
    const list = new WordList();
    const surroundings = { clock: systemClock, random: cryptoRandom, logger: silent, onFailure: () => {} };
    const node = await RaftNode.start({ storage: raft, transport, stateMachine: list, ...surroundings });
    return { node, list, transport };
  }

  /** As a power cut: the node gets no chance to close anything. */
  async crash({ node, transport }: Running): Promise<void> {
    this.disk.crash();
    await transport.close();
    await node.close();
  }
}

function leaderOf(nodes: readonly Running[]): Promise<Running> {
  return vi.waitUntil(() => nodes.find(({ node }) => node.status().role === "leader"), { timeout: 4000 });
}

describe("a cluster on memory disks", () => {
  it("keeps what it acknowledged when all of its nodes lose power at once", async () => {
    const network = new MemoryNetwork();
    const machines = membership.members.map((member) => new Machine(member, network));
    const before = await Promise.all(machines.map((machine) => machine.start()));
    const { node } = await leaderOf(before);
    const words = Array.from({ length: 100 }, (_, i) => `word ${i}`);
    await Promise.all(words.map((word) => node.propose(new TextEncoder().encode(word))));
    await Promise.all(machines.map((machine, position) => crashAt(machine, before[position])));

    const after = await Promise.all(machines.map((machine) => machine.start()));
    const leader = await leaderOf(after);
    expect(leader.node.status().identity.incarnation).toBe(2);
    await leader.node.readIndex();
    expect(leader.list.words).toEqual(words);
    await Promise.all(after.map((running) => running.node.close()));
  });
});

async function crashAt(machine: Machine, running: Running | undefined): Promise<void> {
  if (running) await machine.crash(running);
}
