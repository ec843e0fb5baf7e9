import type { NodeId } from "../../algorithm/entry.ts";
import type { Member, Membership } from "../../algorithm/membership.ts";
import { withPriority } from "../../algorithm/priority.ts";
import { seededRandom } from "../../testing/seeded-random.ts";
import type { Logger } from "../logger.ts";
import { RaftNode } from "../raft-node.ts";
import type { RaftNodeConfig } from "../raft-node-options.ts";
import { FakeClock } from "./fake-clock.ts";
import { NodeClock } from "./node-clock.ts";
import { TestNetwork } from "./test-network.ts";
import { TestStateMachine } from "./test-state-machine.ts";
import { TestStorage } from "./test-storage.ts";

/** One node with all that it stands on. */
export interface TestMember {
  readonly id: NodeId;
  readonly storage: TestStorage;
  readonly state: TestStateMachine;
  node: RaftNode<number>;
  /** What `onFailure` was called with. */
  readonly failures: Error[];
  /** What was logged as an error. */
  readonly errors: string[];
  /** Everything else that was logged. */
  readonly lines: string[];
  readonly clock: NodeClock;
}

/** Real nodes over a network, disks, state machines and a clock that belong to the test. */
export class TestCluster {
  readonly clock = new FakeClock();
  readonly network = new TestNetwork(this.clock);
  readonly members: TestMember[] = [];
  readonly #config: Partial<RaftNodeConfig>;

  private constructor(config: Partial<RaftNodeConfig>) {
    this.#config = config;
  }

  /** `priorities` belong to the nodes from 1 on. */
  static async start(
    size: number,
    config: Partial<RaftNodeConfig> = {},
    priorities: readonly number[] = [],
  ): Promise<TestCluster> {
    const cluster = new TestCluster(config);
    const membership = foundingMembership(size, priorities);
    for (const id of membership.voters) await cluster.#add(id, membership);
    return cluster;
  }

  /** Starts a node with an empty disk, which knows nobody in the cluster, and is not in it itself yet. */
  join(id: NodeId): Promise<TestMember> {
    return this.#add(id, { voters: [], outgoingVoters: [], learners: [], members: [] });
  }

  member(id: NodeId): TestMember {
    return found(this.members.find((member) => member.id === id));
  }

  /** Lets time pass until one node leads and all that are connected to it know. */
  async elect(among: readonly TestMember[] = this.members): Promise<TestMember> {
    return this.until(() => {
      const leader = among.find(({ node }) => node.status().role === "leader");
      return among.every(({ node }) => node.status().leader?.id === leader?.id) ? leader : undefined;
    });
  }

  /** Lets time pass until `condition` gives something, within ten seconds of the clock. */
  async until<T>(condition: () => T | undefined | false): Promise<T> {
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 5) {
      const value = condition();
      if (value !== undefined && value !== false) return value;
      await this.clock.advance(5);
    }
    throw new Error("what was waited for did not happen within 10 seconds");
  }

  followers(leader: TestMember): readonly [TestMember, TestMember] {
    const [first, second] = this.members.filter((member) => member !== leader);
    return [found(first), found(second)];
  }

  /** Crashes a node and starts it again from what is durable. */
  async restart(member: TestMember): Promise<void> {
    await member.node.close();
    member.state.crash();
    member.storage.restarted();
    member.node = await this.#startNode(member);
  }

  async #add(id: NodeId, membership: Membership): Promise<TestMember> {
    const storage = new TestStorage(id, membership);
    const clock = new NodeClock(this.clock);
    const parts = { id, storage, state: new TestStateMachine(), failures: [], errors: [], lines: [], clock };
    const member = { ...parts, node: await this.#startNode(parts) };
    this.members.push(member);
    return member;
  }

  #startNode(parts: Omit<TestMember, "node">): Promise<RaftNode<number>> {
    return RaftNode.start({
      storage: parts.storage,
      transport: this.network.transport(parts.id),
      stateMachine: parts.state,
      clock: parts.clock,
      random: seededRandom(parts.id * 7919 + parts.storage.identity().incarnation),
      logger: recorder(parts),
      config: this.#config,
      onFailure: (error) => parts.failures.push(error),
    });
  }
}

export function command(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function foundingMembership(size: number, priorities: readonly number[]): Membership {
  const voters = Array.from({ length: size }, (_, position) => position + 1);
  const members = voters.map((id) => withPriority(testMemberOf(id), priorities[id - 1] ?? 0));
  return { voters, outgoingVoters: [], learners: [], members };
}

export function testMemberOf(id: NodeId): Member {
  return { id, address: `127.0.0.1:${9000 + id}`, memberId: `member-${id}` };
}

function recorder({ errors, lines }: Pick<TestMember, "errors" | "lines">): Logger {
  const record = (message: string, fields: object = {}) => lines.push(`${message} ${JSON.stringify(fields)}`);
  return { debug: record, info: record, warn: record, error: (message) => errors.push(message) };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the test looks for what is not there");
  return value;
}
