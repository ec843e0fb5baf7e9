import type { Effects } from "../effects.ts";
import type { NodeId } from "../entry.ts";
import { SeededRandom } from "../harness/seeded-random.ts";
import { testConfig } from "../harness/settings.ts";
import { TestNode } from "../harness/test-node.ts";
import type { Membership } from "../membership.ts";
import type { Message } from "../message.ts";
import { Clocks } from "./clocks.ts";
import { Invariants } from "./invariants.ts";
import { LeaseReads } from "./lease-reads.ts";

interface Packet {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: Message;
  readonly dueMs: number;
}

/** A clock may run twice as fast as another: so much that an election fits into what a lease must leave out for it. */
const maxClockDrift = 1;
const stepMs = 2;
const tickMs = testConfig.heartbeatIntervalMs / 4;

/**
 * A cluster in true time, for what is a matter of milliseconds: leaders are cut off, pause, hand over and are campaigned
 * against while they are read from by lease; messages take their time, now and then very long; each clock has its pace.
 */
export class LeaseSimulation {
  readonly #random: SeededRandom;
  readonly #clocks: Clocks;
  readonly #invariants: Invariants;
  readonly #nodes = new Map<NodeId, TestNode>();
  readonly #tickAtMs = new Map<NodeId, number>();
  /** Who does not run, until when. */
  readonly #pausedUntilMs = new Map<NodeId, number>();
  /** Who is cut off, until when. */
  readonly #cutUntilMs = new Map<NodeId, number>();
  /** What the clock showed when its machine was suspended. */
  readonly #suspendedAtMs = new Map<NodeId, number>();
  readonly reads: LeaseReads;
  #packets: Packet[] = [];
  #nextId = 1;

  constructor(seed: number, membership: Membership) {
    this.#random = new SeededRandom(seed);
    this.#invariants = new Invariants(membership);
    const ids = membership.members.map(({ id }) => id);
    this.#clocks = new Clocks(ids, maxClockDrift, this.#random);
    this.reads = new LeaseReads(this.#clocks, this.#random, this.#invariants);
    const base = { index: 0, term: 0, membership };
    for (const nodeId of ids) {
      const config = { ...testConfig, maxClockDrift, nodeId };
      const node = new TestNode(config, base, this.#random, this.#surroundings());
      node.lookAtClock(() => this.#clocks.read(nodeId));
      this.#nodes.set(nodeId, node);
    }
  }

  /** How many terms have had a leader. */
  get leaders(): number {
    return this.#invariants.leaders;
  }

  run(forMs: number): void {
    while (this.#clocks.trueMs < forMs) {
      this.#clocks.pass(stepMs);
      this.#resume();
      if (this.#random.chance(0.01)) this.#disturb();
      // Nobody waits longer than it must when a leader is gone.
      if (this.#cutUntilMs.size > 0 && this.#random.chance(0.1)) this.#campaign();
      if (this.#random.chance(0.1)) this.#propose();
      this.#deliverDue();
      for (const node of this.#running()) this.#tick(node);
      for (const node of this.#running()) if (this.#random.chance(0.3)) this.reads.begin(node);
      this.reads.goOn((node) => !this.#pausedUntilMs.has(node.id));
      this.#invariants.check(this.#nodes, [...this.#nodes.values()]);
    }
  }

  #disturb(): void {
    const leader = this.#running().find((node) => node.raft.status().role === "leader");
    const anybody = this.#random.pick(this.#running());
    const kind = this.#random.below(6);
    if (kind === 0 && anybody !== undefined) this.#restart(anybody);
    if (kind === 1) this.#campaign();
    if (leader === undefined) return;
    if (kind === 2) this.#handOver(leader);
    if (kind === 3) this.#pause(leader);
    if (kind >= 4) this.#cut(leader);
  }

  #campaign(): void {
    this.#random.pick(this.#running())?.step({ kind: "campaign" });
  }

  /** The word leaves, and then the old leader hears nothing any more: neither that the other campaigns, nor that it won. */
  #handOver(leader: TestNode): void {
    leader.step({ kind: "transferLeadership", id: this.#nextId++, to: undefined });
    if (this.#random.chance(0.7)) this.#cut(leader);
  }

  #restart(node: TestNode): void {
    node.crash(0);
    this.#invariants.restarted(node.id);
    node.restart();
    this.#tickAtMs.delete(node.id);
    this.#clocks.takeElapsed(node.id);
  }

  #pause(node: TestNode): void {
    this.#pausedUntilMs.set(node.id, this.#clocks.trueMs + this.#random.below(400));
    if (this.#random.chance(0.3)) this.#suspendedAtMs.set(node.id, this.#clocks.read(node.id));
  }

  #cut({ id }: TestNode): void {
    if (this.#random.chance(0.5)) this.#clocks.slowDown(id);
    this.#cutUntilMs.set(id, this.#clocks.trueMs + this.#random.below(500));
  }

  #resume(): void {
    const now = this.#clocks.trueMs;
    for (const [id, untilMs] of this.#cutUntilMs) if (untilMs <= now) this.#cutUntilMs.delete(id);
    for (const [id, untilMs] of this.#pausedUntilMs) {
      if (untilMs > now) continue;
      this.#pausedUntilMs.delete(id);
      const suspendedAtMs = this.#suspendedAtMs.get(id);
      if (suspendedAtMs === undefined) continue;
      this.#suspendedAtMs.delete(id);
      this.#clocks.missed(id, suspendedAtMs);
      this.#nodes.get(id)?.step({ kind: "suspended" });
    }
  }

  #propose(): void {
    for (const node of this.#running()) {
      if (node.raft.status().role !== "leader") continue;
      node.step({ kind: "propose", id: this.#nextId, payloads: [new TextEncoder().encode(`${this.#nextId++}`)] });
    }
  }

  #tick(node: TestNode): void {
    const now = this.#clocks.read(node.id);
    if (now < (this.#tickAtMs.get(node.id) ?? 0)) return;
    this.#tickAtMs.set(node.id, now + tickMs);
    const elapsedMs = Math.min(this.#clocks.takeElapsed(node.id), testConfig.heartbeatIntervalMs);
    node.step({ kind: "tick", elapsedMs });
  }

  /** What arrives at a node that does not run waits there. */
  #deliverDue(): void {
    const isDue = ({ to, dueMs }: Packet) => dueMs <= this.#clocks.trueMs && !this.#pausedUntilMs.has(to);
    const due = this.#packets.filter(isDue).sort((a, b) => a.dueMs - b.dueMs);
    this.#packets = this.#packets.filter((packet) => !isDue(packet));
    for (const { from, to, message } of due) this.#nodes.get(to)?.step({ kind: "message", from, message });
  }

  #send(from: NodeId, to: NodeId, message: Message): void {
    this.#invariants.sent(from, to, message);
    if (this.#cutUntilMs.has(from) || this.#cutUntilMs.has(to) || this.#random.chance(0.02)) return;
    const latencyMs = this.#random.chance(0.03) ? this.#random.below(400) : this.#random.below(8);
    this.#packets.push({ from, to, message, dueMs: this.#clocks.trueMs + latencyMs });
  }

  #running(): readonly TestNode[] {
    return [...this.#nodes.values()].filter(({ id }) => !this.#pausedUntilMs.has(id));
  }

  #surroundings() {
    return {
      message: (from: NodeId, to: NodeId, message: Message) => this.#send(from, to, message),
      snapshot: () => {},
      effects: (id: NodeId, effects: Effects) => {
        const node = this.#nodes.get(id);
        if (node !== undefined) this.#invariants.effects(node, effects);
      },
      applied: () => {},
    };
  }
}
