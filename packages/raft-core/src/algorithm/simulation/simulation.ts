import { describeEffects, describeMessage } from "../describe.ts";
import type { Effects } from "../effects.ts";
import type { NodeId } from "../entry.ts";
import { SeededRandom } from "../harness/seeded-random.ts";
import { testConfig } from "../harness/settings.ts";
import { type SentSnapshot, TestNode } from "../harness/test-node.ts";
import type { Input, ProposalId, ReadId, TransferId } from "../input.ts";
import type { Membership } from "../membership.ts";
import { allMembers } from "../membership-tracker.ts";
import type { Message } from "../message.ts";
import { lacksAgreement } from "./agreement.ts";
import { Clocks } from "./clocks.ts";
import { drawChange } from "./draw-change.ts";
import { drawConfig, maxClockDrift } from "./draw-config.ts";
import { drawCuts } from "./draw-cuts.ts";
import { Invariants } from "./invariants.ts";
import { LeaseReads } from "./lease-reads.ts";
import type { Packet } from "./packet.ts";
import type { Weights } from "./weights.ts";

/**
 * A cluster under a seed: messages are lost, doubled and overtake each other, writes take their time, nodes crash and
 * lose what was not written, logs are compacted. The same seed gives the same run.
 */
export class Simulation {
  readonly #random: SeededRandom;
  readonly #nodes = new Map<NodeId, TestNode>();
  readonly #down = new Set<NodeId>();
  readonly #cut = new Set<string>();
  readonly #clocks: Clocks;
  readonly leaseReads: LeaseReads;
  readonly #invariants: Invariants;
  readonly #actions: readonly (() => void)[];
  /** What was committed when each waiting read was asked for. */
  readonly #reads = new Map<ReadId, number>();
  readonly #lossRate: number;
  readonly #trace: string[] | undefined;
  #packets: Packet[] = [];
  #nextId = 1;
  #steps = 0;
  #readsServed = 0;
  #snapshotsRestored = 0;
  /** The changes of the membership that were asked for. */
  readonly #changes = new Set<ProposalId>();
  #changesMade = 0;
  /** Transfers that were asked for and have no answer, and who was asked. */
  readonly #transfers = new Map<TransferId, NodeId>();
  #transfersDone = 0;

  /**
   * @param spares Nodes that are in no membership at first, and may join.
   * @param trace Receives a line an event, for a look at a seed that fails.
   */
  constructor(seed: number, membership: Membership, spares: readonly NodeId[], weights: Weights, trace?: string[]) {
    this.#random = new SeededRandom(seed);
    this.#invariants = new Invariants(membership);
    this.#lossRate = this.#random.next() * 0.3;
    this.#trace = trace;
    const config = drawConfig(this.#random);
    const base = { index: 0, term: 0, membership };
    const ids = [...allMembers(membership), ...spares];
    this.#clocks = new Clocks(ids, maxClockDrift, this.#random);
    this.leaseReads = new LeaseReads(this.#clocks, this.#random, this.#invariants);
    for (const nodeId of ids) {
      const node = new TestNode({ ...config, nodeId }, base, this.#random, this.#surroundings());
      node.fastDisk = false;
      node.lookAtClock(() => this.#clocks.read(nodeId));
      this.#nodes.set(nodeId, node);
    }
    this.#actions = this.#weigh(weights);
  }

  get invariants(): Invariants {
    return this.#invariants;
  }

  get readsServed(): number {
    return this.#readsServed;
  }

  get snapshotsRestored(): number {
    return this.#snapshotsRestored;
  }

  get transfersDone(): number {
    return this.#transfersDone;
  }

  /** How many changes of the membership were appended. */
  get changesMade(): number {
    return this.#changesMade;
  }

  /** Whatever may happen, happens; nothing may go wrong. */
  runWithFaults(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#random.pick(this.#actions)?.();
      this.#check();
    }
  }

  /** Without faults the cluster elects a leader, agrees, and serves, within 20 election timeouts. Answers the commit. */
  converge(): number {
    this.#cut.clear();
    for (const id of [...this.#down]) this.#restart(id);
    for (const node of this.#nodes.values()) {
      node.fastDisk = true;
      node.persist(node.pendingWrites);
    }
    const limitMs = 20 * testConfig.electionTimeoutMaxMs;
    this.#passTime(limitMs, () => this.#lacksLeader());
    this.#passTime(limitMs, () => this.#lacksSettledMembership());
    this.#reads.clear();
    const before = this.#readsServed;
    const members = this.#members();
    for (const node of members) {
      this.#propose(node);
      this.#read(node);
    }
    this.#passTime(limitMs, () => {
      if (this.#readsServed - before < members.length) return "every node serves its read";
      if (this.#transfers.size > 0) return "every transfer is answered";
      return lacksAgreement(members);
    });
    return members[0]?.state.index ?? 0;
  }

  /** Those who are in the leader's membership; others may know or not that they are out. */
  #members(): readonly TestNode[] {
    const membership = this.#leader()?.raft.status().membership;
    const ids = membership === undefined ? [] : allMembers(membership);
    return this.#live().filter((node) => ids.includes(node.id));
  }

  #leader(): TestNode | undefined {
    return this.#live().find((node) => node.raft.status().role === "leader");
  }

  /** A joint membership is left, by itself or when asked, and nothing more is to come. */
  #lacksSettledMembership(): string | undefined {
    const leader = this.#leader();
    const lacking = this.#lacksLeader();
    if (leader === undefined || lacking !== undefined) return lacking;
    const { membership, committedMembership } = leader.raft.status();
    if (membership.leavesOnRequest === true) leader.step({ kind: "leaveJoint", id: this.#nextId++ });
    if (membership !== committedMembership) return "the newest membership is committed";
    if (membership.outgoingVoters.length > 0) return "the joint membership is left";
    return membership.promoteWhenCaughtUp === undefined ? undefined : "learners are promoted";
  }

  #lacksLeader(): string | undefined {
    const leaders = this.#live().filter((node) => node.raft.status().role === "leader");
    const [first] = leaders;
    if (first === undefined || leaders.length > 1) return "one node leads";
    const follows = (node: TestNode) => node.raft.status().leader === first.id;
    return this.#members().every(follows) ? undefined : "all members follow the leader";
  }

  /** Time passes without faults until nothing is lacking. */
  #passTime(limitMs: number, lacking: () => string | undefined): void {
    const stepMs = 25;
    for (let passedMs = 0; lacking() !== undefined; passedMs += stepMs) {
      if (passedMs > limitMs) throw new Error(`Within ${limitMs} ms without faults: ${lacking()}.`);
      this.#clocks.pass(stepMs);
      for (const node of this.#live()) node.step({ kind: "tick", elapsedMs: stepMs });
      this.#deliverAll();
      this.#check();
    }
  }

  #deliverAll(): void {
    for (let delivered = 0; this.#packets.length > 0; delivered++) {
      if (delivered > 5_000) throw new Error("The nodes talk in circles.");
      const packet = this.#packets.shift();
      if (packet !== undefined) this.#arrive(packet);
    }
  }

  #weigh(weights: Weights): readonly (() => void)[] {
    const actions: { readonly [Name in keyof Weights]: () => void } = {
      tick: () => this.#tick(),
      deliver: () => this.#deliverSome(1 + this.#random.below(5)),
      persist: () => this.#onEach((node) => node.persist(this.#random.below(4))),
      propose: () => this.#onLive((node) => this.#propose(node)),
      read: () => this.#onLive((node) => this.#read(node)),
      leaseRead: () => this.#onEach((node) => this.leaseReads.begin(node)),
      crash: () => this.#onLive((node) => this.#crash(node)),
      restart: () => this.#restart(this.#random.pick([...this.#down])),
      compact: () => this.#onLive((node) => this.#compact(node)),
      partition: () => this.#partition(),
      transfer: () => this.#onLive((node) => this.#transfer(node)),
      pause: () => this.#onLive((node) => this.#pause(node)),
      forget: () => this.#onLive((node) => node.step({ kind: "forgetLeader" })),
      campaign: () => this.#unsettle(),
      change: () => this.#change(),
      unreachable: () => this.#onLive((node) => node.step({ kind: "unreachable", peer: this.#anyId() })),
    };
    return Object.entries(actions).flatMap(([name, action]) => {
      const weight = new Map<string, number>(Object.entries(weights)).get(name) ?? 0;
      return Array.from({ length: weight }, () => action);
    });
  }

  #surroundings() {
    return {
      message: (from: NodeId, to: NodeId, message: Message) => {
        this.#invariants.sent(from, to, message);
        this.#packets.push({ kind: "message", from, to, message });
      },
      snapshot: (from: NodeId, to: NodeId, snapshot: SentSnapshot) => {
        this.#packets.push({ kind: "snapshot", from, to, snapshot });
      },
      effects: (id: NodeId, effects: Effects) => this.#watch(id, effects),
      applied: (_: NodeId, state: { readonly index: number; readonly checksum: number }) =>
        this.#invariants.applied(state),
    };
  }

  #watch(id: NodeId, effects: Effects): void {
    if (this.#trace !== undefined) for (const line of describeEffects(effects)) this.#tell(`${id}: ${line}`);
    const node = this.#nodes.get(id);
    if (node !== undefined) this.#invariants.effects(node, effects);
    if (effects.restoreSnapshot !== undefined) this.#snapshotsRestored++;
    for (const { kind, id: change } of effects.outcomes) {
      if (this.#changes.delete(change) && kind === "appended") this.#changesMade++;
    }
    for (const { id: transfer, kind } of effects.transfers) {
      if (!this.#transfers.delete(transfer)) throw new Error(`Transfer ${transfer} is answered twice.`);
      if (kind === "done") this.#transfersDone++;
    }
    for (const read of effects.reads) {
      const committed = this.#reads.get(read.id);
      this.#reads.delete(read.id);
      if (read.kind !== "ready" || committed === undefined) continue;
      this.#readsServed++;
      if (read.index < committed)
        throw new Error(`Read ${read.id} at ${read.index} misses the commit at ${committed}.`);
    }
  }

  /** Each clock runs at its own pace, and ticks come when they come; a long time without one counts as a short one. */
  #tick(): void {
    this.#clocks.pass(this.#random.below(30));
    this.#onEach((node) => {
      if (this.#random.chance(0.1)) return;
      const elapsedMs = Math.min(this.#clocks.takeElapsed(node.id), testConfig.heartbeatIntervalMs);
      node.step({ kind: "tick", elapsedMs });
    });
  }

  #check(): void {
    this.#steps++;
    this.leaseReads.goOn(() => true);
    this.#invariants.check(this.#nodes, this.#live());
  }

  #deliverSome(count: number): void {
    for (let delivered = 0; delivered < count && this.#packets.length > 0; delivered++) this.#deliverOne();
  }

  #deliverOne(): void {
    // The oldest are likelier: mostly in order, and now and then not at all.
    const position = this.#random.below(1 + this.#random.below(this.#packets.length));
    const [packet] = this.#random.chance(0.05)
      ? this.#packets.slice(position, position + 1)
      : this.#packets.splice(position, 1);
    if (packet === undefined) return;
    if (this.#random.chance(this.#lossRate)) this.#lose(packet);
    else this.#arrive(packet);
  }

  #arrive(packet: Packet): void {
    const { from, to } = packet;
    const node = this.#nodes.get(to);
    if (node === undefined || this.#down.has(to) || this.#cut.has(`${from}->${to}`)) {
      this.#lose(packet);
      return;
    }
    if (packet.kind === "message") {
      if (this.#trace !== undefined) this.#tell(`${from} -> ${to}: ${describeMessage(packet.message)}`);
      node.step({ kind: "message", from, message: packet.message });
      return;
    }
    this.#tell(`${from} -> ${to}: snapshot ${packet.snapshot.metadata.index}`);
    node.receiveSnapshot(packet.snapshot);
    this.#feed(from, { kind: "snapshotSent", to, at: packet.snapshot.metadata, bytesSent: 1, bytes: 1 });
  }

  #lose(packet: Packet): void {
    const failed = { kind: "snapshotSent", at: undefined, bytesSent: this.#random.below(2), bytes: 1 } as const;
    if (packet.kind === "snapshot") this.#feed(packet.from, { ...failed, to: packet.to });
  }

  #feed(id: NodeId, input: Input): void {
    if (!this.#down.has(id)) this.#nodes.get(id)?.step(input);
  }

  #propose(node: TestNode): void {
    const payload = new TextEncoder().encode(`${this.#nextId}`);
    node.step({ kind: "propose", id: this.#nextId++, payloads: [payload] });
  }

  #read(node: TestNode): void {
    const id = this.#nextId++;
    this.#reads.set(id, this.#invariants.committed);
    node.step({ kind: "readIndex", id });
  }

  #transfer(node: TestNode): void {
    const id = this.#nextId++;
    const to = this.#random.chance(0.5) ? undefined : this.#anyId();
    this.#transfers.set(id, node.id);
    this.#tell(`${node.id}: transfer ${id} to ${to ?? "anybody"}`);
    node.step({ kind: "transferLeadership", id, to });
  }

  /** The process stood still, mostly not for long. */
  #pause(node: TestNode): void {
    const stalledMs = testConfig.heartbeatIntervalMs + this.#random.below(testConfig.electionTimeoutMaxMs);
    this.#tell(`${node.id}: paused for ${stalledMs} ms`);
    this.#clocks.pass(stalledMs);
    this.#clocks.takeElapsed(node.id);
    node.step({ kind: "tick", elapsedMs: testConfig.heartbeatIntervalMs, stalledMs });
  }

  #crash(node: TestNode): void {
    for (const [id, asked] of this.#transfers) if (asked === node.id) this.#transfers.delete(id);
    const surviving = this.#random.below(node.pendingWrites + 1);
    this.#tell(`${node.id}: crashes, ${surviving} of ${node.pendingWrites} writes survive`);
    node.crash(surviving);
    this.#down.add(node.id);
  }

  #restart(id: NodeId | undefined): void {
    if (id === undefined) return;
    this.#tell(`${id}: restarts`);
    this.#down.delete(id);
    this.#invariants.restarted(id);
    this.#nodes.get(id)?.restart();
  }

  #compact(node: TestNode): void {
    if (this.#random.chance(0.5)) node.flush();
    const { base } = node.raft.status();
    const through = base.index + this.#random.below(node.durableState.index - base.index + 1);
    if (through > base.index) node.compact(through);
  }

  /** Everybody stalls for so long that nobody trusts in the leader any more, and somebody campaigns. */
  #unsettle(): void {
    const elapsedMs = testConfig.electionTimeoutMinMs;
    this.#clocks.pass(elapsedMs);
    this.#onEach((node) => node.step({ kind: "tick", elapsedMs }));
    this.#onLive((node) => node.step({ kind: "campaign" }));
  }

  #change(): void {
    const leaders = this.#live().filter((node) => node.raft.status().role === "leader");
    const leader = this.#random.pick(leaders);
    if (leader === undefined) return;
    const id = this.#nextId++;
    const { membership } = leader.raft.status();
    if (membership.leavesOnRequest === true && this.#random.chance(0.5)) {
      leader.step({ kind: "leaveJoint", id });
      return;
    }
    this.#changes.add(id);
    const change = drawChange(this.#random, membership, [...this.#nodes.keys()]);
    this.#tell(`${leader.id}: change ${JSON.stringify(change)}`);
    leader.step({ kind: "changeMembership", id, change });
  }

  /** Heals what was cut, then now and then cuts the leader off, or any links, one way each. */
  #partition(): void {
    this.#cut.clear();
    if (this.#random.chance(0.4)) return;
    for (const link of drawCuts(this.#random, [...this.#nodes.keys()], this.#leader()?.id)) this.#cut.add(link);
  }

  #onEach(action: (node: TestNode) => void): void {
    for (const node of this.#live()) action(node);
  }

  #onLive(action: (node: TestNode) => void): void {
    const node = this.#random.pick(this.#live());
    if (node !== undefined) action(node);
  }

  #anyId(): NodeId {
    return this.#random.pick([...this.#nodes.keys()]) ?? 1;
  }

  #live(): readonly TestNode[] {
    return [...this.#nodes.values()].filter((node) => !this.#down.has(node.id));
  }

  #tell(line: string): void {
    this.#trace?.push(`${this.#steps} ${line}`);
  }
}
