import {
  describeEffects,
  describeEntry,
  describeMembership,
  describeMessage,
  describeSnapshot,
  describeStatus,
} from "../describe.ts";
import type { Effects } from "../effects.ts";
import type { Entry, NodeId, SnapshotMetadata } from "../entry.ts";
import { freshBase, type TestConfig, testConfig, testMember } from "../harness/settings.ts";
import { TestNode } from "../harness/test-node.ts";
import type { Input } from "../input.ts";
import type { Member } from "../membership.ts";
import { Network, type Packet } from "./network.ts";

/** So many deliveries without coming to rest mean that the nodes talk in circles. */
const maxDeliveries = 2_000;
/** What each snapshot is taken to have. */
const snapshotBytes = 100;

/** Several Raft instances, a network driven by hand, and an account of what happens. */
export class Story {
  #network = new Network();
  readonly #nodes = new Map<NodeId, TestNode>();
  readonly #down = new Set<NodeId>();
  /** What each node's clock shows. */
  readonly #clocks = new Map<NodeId, number>();
  readonly #kept = new Map<string, Packet>();
  readonly #lines: string[] = [];
  #hasLeases = false;
  #isQuiet = false;
  #tellsSends = true;
  #nextId = 1;
  #nextTransfer = 1;

  /**
   * Each node draws the same election timeout each time: 1 the shortest, the last the longest. Spares know of the
   * cluster, and are not in it.
   */
  form(voters: number, learners: number, spares: number, overrides: Partial<TestConfig>): void {
    this.#network = new Network();
    this.#nodes.clear();
    this.#down.clear();
    this.#clocks.clear();
    this.#hasLeases = overrides.maxClockDrift !== undefined;
    const ids = Array.from({ length: voters + learners + spares }, (_, position) => position + 1);
    const base = freshBase(ids.slice(0, voters), [], ids.slice(voters, voters + learners));
    for (const [position, nodeId] of ids.entries()) {
      const random = { next: () => position / ids.length };
      const config = { ...testConfig, ...overrides, nodeId };
      this.#nodes.set(nodeId, new TestNode(config, base, random, this.#surroundings()));
      this.#lookAtClock(nodeId);
    }
  }

  /** The node comes back with a log of entries of these terms, or with its own and another term. */
  give(id: NodeId, terms: readonly number[], term: number, commit: number): void {
    const node = this.#node(id);
    const append = terms.map((entryTerm, position): Entry => {
      const payload = new TextEncoder().encode(`${position + 1}of${entryTerm}`);
      return { kind: "command", term: entryTerm, index: position + 1, payload };
    });
    const hardState = { term, votedFor: undefined, commit: Math.max(commit, node.disk.hardState.commit) };
    node.disk.write({ id: 0, hardState, append });
    node.restart();
    this.#lookAtClock(id);
  }

  input(id: NodeId, ...inputs: readonly Input[]): void {
    this.#node(id).step(...inputs);
  }

  tick(id: NodeId, elapsedMs: number): void {
    this.stall(id, elapsedMs);
    this.#lookAtClock(id);
    this.input(id, { kind: "tick", elapsedMs });
  }

  /** Time passes, and the node does not run. */
  stall(id: NodeId, elapsedMs: number): void {
    this.#clocks.set(id, this.#clock(id) + elapsedMs);
  }

  lease(id: NodeId): void {
    const nowMs = this.#clock(id);
    const lease = this.#node(id).raft.lease();
    const holds = lease !== undefined && nowMs < lease.untilMs;
    this.tell(`${id} at ${nowMs} ms: ${holds ? `reads at ${lease.index} until ${lease.untilMs} ms` : "has no lease"}`);
  }

  /** Time passes at a leader, and the others answer. */
  watch(id: NodeId, forMs: number): void {
    for (let passedMs = 0; passedMs < forMs; passedMs += testConfig.heartbeatIntervalMs) {
      this.tick(id, testConfig.heartbeatIntervalMs);
      if (passedMs + testConfig.heartbeatIntervalMs < forMs) this.stabilize();
    }
  }

  /** The process stood still: that is one tick of one heartbeat interval, which tells how long it was. */
  pause(id: NodeId, stalledMs: number): void {
    this.input(id, { kind: "tick", elapsedMs: testConfig.heartbeatIntervalMs, stalledMs });
  }

  tickAll(elapsedMs: number): void {
    for (const id of this.#nodes.keys()) if (!this.#down.has(id)) this.tick(id, elapsedMs);
  }

  /** Time passes for everybody, in steps of a heartbeat interval, and every message arrives. */
  pass(totalMs: number): void {
    for (let passedMs = 0; passedMs < totalMs; passedMs += testConfig.heartbeatIntervalMs) {
      this.tickAll(testConfig.heartbeatIntervalMs);
      this.stabilize();
    }
  }

  /** A number for a proposal or a read. */
  freshId(): number {
    return this.#nextId++;
  }

  freshTransfer(): number {
    return this.#nextTransfer++;
  }

  setDisk(id: NodeId, isFast: boolean): void {
    const node = this.#anyNode(id);
    node.fastDisk = isFast;
    if (isFast) node.persist(node.pendingWrites);
  }

  persist(id: NodeId, count: number): void {
    const node = this.#node(id);
    this.tell(`${id}: ${Math.min(count, node.pendingWrites)} of ${node.pendingWrites} writes durable`);
    node.persist(count);
  }

  crash(id: NodeId): void {
    this.#node(id).crash(0);
    this.#down.add(id);
  }

  restart(id: NodeId): void {
    this.#down.delete(id);
    this.#node(id).restart();
    this.#lookAtClock(id);
    this.status(id);
  }

  /** A snapshot that the node sends has come so far. */
  moved(id: NodeId, to: NodeId, bytesSent: number): void {
    const { index } = this.#node(id).durableState;
    this.input(id, { kind: "snapshotMoved", to, index, bytesSent, bytes: snapshotBytes });
  }

  /** The node loses its disk, and comes back as another member of the same id. */
  wipe(id: NodeId): void {
    this.#nodes.set(id, this.#anyNode(id).wiped(newcomer(id).memberId));
    this.#down.delete(id);
  }

  compact(id: NodeId, through: number): void {
    this.#node(id).flush();
    this.#node(id).compact(through);
  }

  isolate(id: NodeId): void {
    this.#network.isolate(id);
  }

  /** From now on the link loses everything, in this direction. */
  cut(from: NodeId, to: NodeId): void {
    this.#network.cut(from, to);
  }

  heal(): void {
    this.#network.heal();
  }

  deliver(from: NodeId, to: NodeId, count: number): void {
    for (let delivered = 0; delivered < count; delivered++) this.#deliver(this.#take(from, to));
  }

  /** The transport gives up on a snapshot, or on hearing whether it has arrived. */
  snapshotFailed(from: NodeId, to: NodeId): void {
    this.#tellSender(from, to, undefined);
  }

  /** A snapshot arrives whole, and its sender is not told so. */
  arriveUnreported(from: NodeId, to: NodeId): void {
    const packet = this.#take(from, to);
    if (!("snapshot" in packet.content)) throw new Error("Only the arrival of a snapshot is reported.");
    this.tell(`${from} -> ${to}, unreported: ${describePacket(packet)}`);
    this.#node(to).receiveSnapshot(packet.content.snapshot);
  }

  drop(from: NodeId, to: NodeId, count: number): void {
    for (let dropped = 0; dropped < count; dropped++) this.#lose(this.#take(from, to));
  }

  /** The next thing on the link is a snapshot, whose sending breaks off when so much of it has been sent. */
  breakOff(from: NodeId, to: NodeId, bytesSent: number): void {
    const packet = this.#take(from, to);
    this.tell(`${from} -> ${to}, broken off after ${bytesSent} bytes: ${describePacket(packet)}`);
    this.input(from, { kind: "snapshotSent", to, at: undefined, bytesSent, bytes: snapshotBytes });
  }

  /** Loses whatever is under way. */
  dropAll(): void {
    for (let packet = this.#network.take(); packet !== undefined; packet = this.#network.take()) this.#lose(packet);
  }

  /** Takes the next message of a link out of the network, for `release`. */
  keep(from: NodeId, to: NodeId, name: string): void {
    const packet = this.#take(from, to);
    this.tell(`${from} -> ${to}, kept back as ${name}: ${describePacket(packet)}`);
    this.#kept.set(name, packet);
  }

  /** Delivers what was kept; it stays at hand, and may arrive again. */
  release(name: string): void {
    const packet = this.#kept.get(name);
    if (packet === undefined) throw new Error(`Nothing was kept as ${name}.`);
    this.#deliver(packet);
  }

  /** Delivers everything, and what comes of it, until no message is left. Tells deliveries only: each send is one. */
  stabilize(): void {
    this.#tellsSends = false;
    for (let delivered = 0; delivered < maxDeliveries; delivered++) {
      const packet = this.#network.take();
      if (packet === undefined) {
        this.#tellsSends = true;
        return;
      }
      this.#deliver(packet);
    }
    throw new Error(`The nodes still talk after ${maxDeliveries} messages.`);
  }

  status(id: NodeId): void {
    const [first, ...rest] = describeStatus(this.#node(id).raft.status());
    this.tell(`${id}: ${first}`);
    for (const line of rest) this.tell(line);
  }

  statusAll(): void {
    for (const id of this.#nodes.keys()) if (!this.#down.has(id)) this.status(id);
  }

  log(id: NodeId): void {
    const { disk } = this.#node(id);
    const entries = disk.entries(disk.base.index + 1, disk.lastIndex, Number.POSITIVE_INFINITY);
    this.tell(`${id}: ${entries.length === 0 ? "nothing" : entries.map(describeEntry).join(", ")}`);
  }

  membership(id: NodeId): void {
    const { membership, committedMembership } = this.#node(id).raft.status();
    const isCommitted = membership === committedMembership;
    const committed = isCommitted ? "committed" : `committed is ${describeMembership(committedMembership)}`;
    this.tell(`${id}: ${describeMembership(membership)}, ${committed}`);
  }

  showNetwork(): void {
    const pending = this.#network.pending();
    if (pending.length === 0) this.tell("nothing under way");
    for (const packet of pending) this.tell(`${packet.from} -> ${packet.to}: ${describePacket(packet)}`);
  }

  setQuiet(isQuiet: boolean): void {
    this.#isQuiet = isQuiet;
  }

  tell(line: string): void {
    if (!this.#isQuiet) this.#lines.push(`  ${line}`);
  }

  /** The script's own words are told even while it is quiet. */
  quote(line: string): void {
    this.#lines.push(line);
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  /** Only leases need it, and the promises for them. */
  #lookAtClock(id: NodeId): void {
    if (this.#hasLeases) this.input(id, { kind: "clock", nowMs: this.#clock(id) });
  }

  #clock(id: NodeId): number {
    return this.#clocks.get(id) ?? 0;
  }

  #node(id: NodeId): TestNode {
    if (this.#down.has(id)) throw new Error(`Node ${id} is down.`);
    return this.#anyNode(id);
  }

  #anyNode(id: NodeId): TestNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`There is no node ${id}.`);
    return node;
  }

  #take(from: NodeId, to: NodeId): Packet {
    const packet = this.#network.take(from, to);
    if (packet === undefined) throw new Error(`Nothing is under way from ${from} to ${to}.`);
    return packet;
  }

  #deliver(packet: Packet): void {
    const { from, to, content } = packet;
    if (this.#down.has(to) || this.#network.isCut(packet)) {
      this.#lose(packet);
      return;
    }
    this.tell(`${from} -> ${to}: ${describePacket(packet)}`);
    if ("message" in content) {
      this.input(to, { kind: "message", from, message: content.message });
      return;
    }
    this.#node(to).receiveSnapshot(content.snapshot);
    this.#tellSender(from, to, content.snapshot.metadata);
  }

  #lose(packet: Packet): void {
    const { from, to, content } = packet;
    this.tell(`${from} -> ${to}, lost: ${describePacket(packet)}`);
    if ("snapshot" in content) this.#tellSender(from, to, undefined);
  }

  #tellSender(from: NodeId, to: NodeId, at: SnapshotMetadata | undefined): void {
    if (this.#down.has(from)) return;
    const bytesSent = at === undefined ? 0 : snapshotBytes;
    this.input(from, { kind: "snapshotSent", to, at, bytesSent, bytes: snapshotBytes });
  }

  #surroundings() {
    return {
      message: (from: NodeId, to: NodeId, message: Extract<Packet["content"], { message: unknown }>["message"]) =>
        this.#network.send({ from, to, content: { message } }),
      snapshot: (from: NodeId, to: NodeId, snapshot: Extract<Packet["content"], { snapshot: unknown }>["snapshot"]) =>
        this.#network.send({ from, to, content: { snapshot } }),
      effects: (id: NodeId, effects: Effects) => this.#tellEffects(id, effects),
      applied: () => {},
    };
  }

  #tellEffects(id: NodeId, effects: Effects): void {
    const told = this.#tellsSends ? effects : { ...effects, send: [] };
    for (const line of describeEffects(told)) this.tell(`${id}: ${line}`);
  }
}

/** Whoever comes back under a node's id on a fresh disk. */
export function newcomer(id: NodeId): Member {
  return { ...testMember(id), memberId: `member-${id}-anew` };
}

function describePacket({ from, content }: Packet): string {
  if ("message" in content) return describeMessage(content.message);
  const { term, leader, metadata } = content.snapshot;
  const onBehalf = leader === from ? "" : `, on behalf of ${leader}`;
  return `snapshot, term ${term}${onBehalf}, ${describeSnapshot(metadata)}`;
}
