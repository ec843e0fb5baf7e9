import type { Effects, Outgoing, SnapshotOrder, WriteBatch } from "../effects.ts";
import type { Index, NodeId, SnapshotMetadata, Term } from "../entry.ts";
import type { BatchId, Input } from "../input.ts";
import { invariant } from "../invariant.ts";
import type { Message } from "../message.ts";
import { Raft } from "../raft.ts";
import type { Random } from "../random.ts";
import { Disk } from "./disk.ts";
import { freshBase, type TestConfig, testMember } from "./settings.ts";

/** A state machine small enough for tests: the fold of the log is a running checksum. */
export interface FoldedState {
  readonly index: Index;
  readonly checksum: number;
}

/** A snapshot on its way. */
export interface SentSnapshot {
  readonly term: Term;
  /** Who leads in that term. */
  readonly leader: NodeId;
  readonly metadata: SnapshotMetadata;
  readonly state: FoldedState;
}

export interface Surroundings {
  message(from: NodeId, to: NodeId, message: Message): void;
  snapshot(from: NodeId, to: NodeId, snapshot: SentSnapshot): void;
  /** What the algorithm wanted done, before it is done. */
  effects(node: NodeId, effects: Effects): void;
  /** An entry has been applied, or a snapshot restored. */
  applied(node: NodeId, state: FoldedState): void;
}

/** So many turns without an input from outside mean that a node keeps itself busy for ever. */
const maxTurns = 1_000;

interface PendingWrite {
  readonly batch: WriteBatch;
  readonly restore: SnapshotMetadata | undefined;
}

/**
 * A Raft instance with a disk that a test drives by hand: writes wait until `persist`, a crash loses those that wait,
 * and messages wait for their writes. Reads of the log are answered at once.
 */
export class TestNode {
  readonly disk: Disk;
  readonly #config: TestConfig;
  readonly #memberId: string;
  readonly #random: Random;
  readonly #surroundings: Surroundings;
  #raft: Raft;
  #incarnation = 0;
  #writes: PendingWrite[] = [];
  #held: Outgoing[] = [];
  #state: FoldedState;
  /** What a crash leaves of the state. */
  #durableState: FoldedState;
  /** The snapshot files, by index; they are durable as soon as they have arrived. */
  readonly #received = new Map<Index, FoldedState>();
  #nowMs: (() => number) | undefined;
  /** Writes become durable as soon as they are handed out. */
  fastDisk = true;

  constructor(
    config: TestConfig,
    base: SnapshotMetadata,
    random: Random,
    surroundings: Surroundings,
    memberId = testMember(config.nodeId).memberId,
  ) {
    this.#config = config;
    this.#memberId = memberId;
    this.#random = random;
    this.#surroundings = surroundings;
    this.disk = new Disk(base);
    this.#state = { index: base.index, checksum: 0 };
    this.#durableState = this.#state;
    this.#raft = this.#start();
  }

  get id(): NodeId {
    return this.#config.nodeId;
  }

  get raft(): Raft {
    return this.#raft;
  }

  get pendingWrites(): number {
    return this.#writes.length;
  }

  get state(): FoldedState {
    return this.#state;
  }

  get durableState(): FoldedState {
    return this.#durableState;
  }

  /** From now on each turn begins with a look at this clock. */
  lookAtClock(nowMs: () => number): void {
    this.#nowMs = nowMs;
    this.#beginTurn();
  }

  /** A node of the same id on a fresh disk: another member, which knows of nobody yet. */
  wiped(memberId: string): TestNode {
    return new TestNode(this.#config, freshBase([]), this.#random, this.#surroundings, memberId);
  }

  step(...inputs: readonly Input[]): void {
    this.#beginTurn();
    for (const input of inputs) this.#raft.step(input);
    this.#turn();
  }

  /** The oldest `count` writes become durable. */
  persist(count: number): void {
    const done = this.#writes.splice(0, count);
    for (const write of done) this.#carryOut(write);
    const last = done.at(-1)?.batch.id;
    if (last === undefined) return;
    this.#release(last);
    this.step({ kind: "persisted", batch: last }, { kind: "applied", index: this.#state.index });
  }

  /** The state applied so far survives a crash from now on. */
  flush(): void {
    this.#durableState = this.#state;
  }

  compact(through: Index): void {
    const metadata = this.#raft.metadataAt(through);
    invariant(metadata !== undefined && through <= this.#durableState.index, "only what is durable is compacted");
    this.disk.compact(metadata);
    this.step({ kind: "compacted", metadata });
  }

  receiveSnapshot({ term, leader, metadata, state }: SentSnapshot): void {
    this.#received.set(metadata.index, state);
    this.step({ kind: "snapshotReceived", from: leader, term, metadata });
  }

  /** Loses everything but the disk, on which the oldest `survivingWrites` of those that waited still make it. */
  crash(survivingWrites: number): void {
    for (const { batch } of this.#writes.slice(0, survivingWrites)) this.disk.write(batch);
    this.#writes = [];
    this.#held = [];
    this.#state = this.#durableState;
    if (this.#state.index < this.disk.base.index) this.#restore(this.disk.base);
  }

  restart(): void {
    this.#raft = this.#start();
    this.#beginTurn();
    this.#turn();
  }

  #beginTurn(): void {
    if (this.#nowMs !== undefined) this.#raft.step({ kind: "clock", nowMs: this.#nowMs() });
  }

  #start(): Raft {
    this.#incarnation++;
    const memberId = this.#memberId;
    const config = { ...this.#config, memberId, incarnation: this.#incarnation, appliedIndex: this.#state.index };
    return new Raft(config, this.disk.restored(), this.#random);
  }

  /** Turns follow one another until nothing is left to do. */
  #turn(): void {
    let turns = 0;
    for (let effects = this.#raft.takeEffects(); effects !== undefined; effects = this.#raft.takeEffects()) {
      invariant(turns++ < maxTurns, "a node comes to rest by itself");
      invariant(this.#raft.takeEffects() === undefined, "a turn's effects are taken all at once");
      this.#surroundings.effects(this.id, effects);
      this.#perform(effects);
    }
  }

  #perform(effects: Effects): void {
    if (effects.persist !== undefined) this.#writes.push({ batch: effects.persist, restore: effects.restoreSnapshot });
    for (const outgoing of effects.send) {
      if (outgoing.after === undefined) this.#send(outgoing);
      else this.#held.push(outgoing);
    }
    if (effects.commit !== undefined) this.#applyThrough(effects.commit);
    for (const request of effects.readEntries) {
      const entries = this.disk.entries(request.from, request.to, request.maxBytes);
      this.#raft.step({ kind: "entriesRead", request, entries });
    }
    for (const order of effects.sendSnapshot) this.#sendSnapshot(order);
    if (this.fastDisk && this.#writes.length > 0) this.#persistAll();
  }

  #persistAll(): void {
    const done = this.#writes.splice(0);
    for (const write of done) this.#carryOut(write);
    const last = done.at(-1)?.batch.id ?? 0;
    this.#release(last);
    this.#raft.step({ kind: "persisted", batch: last });
    this.#raft.step({ kind: "applied", index: this.#state.index });
  }

  #carryOut({ batch, restore }: PendingWrite): void {
    this.disk.write(batch);
    if (restore !== undefined) this.#restore(restore);
  }

  #restore(metadata: SnapshotMetadata): void {
    const state = this.#received.get(metadata.index);
    invariant(state !== undefined, "the snapshot is at hand as long as the state does not reach it");
    this.#state = state;
    this.#durableState = state;
    this.#surroundings.applied(this.id, state);
  }

  #release(durable: BatchId): void {
    const isDue = ({ after }: Outgoing) => (after ?? 0) <= durable;
    const due = this.#held.filter(isDue);
    this.#held = this.#held.filter((outgoing) => !isDue(outgoing));
    for (const outgoing of due) this.#send(outgoing);
  }

  #send({ to, message }: Outgoing): void {
    this.#surroundings.message(this.id, to, message);
  }

  /** Only what is on the disk is applied: an entry that is not there yet fails the test. */
  #applyThrough(commit: Index): void {
    while (this.#state.index < commit) {
      const entry = this.disk.entryAt(this.#state.index + 1);
      invariant(entry !== undefined, "what is applied is durable");
      this.#state = { index: entry.index, checksum: checksumAfter(this.#state.checksum, entry.index, entry.term) };
      this.#surroundings.applied(this.id, this.#state);
    }
    this.#raft.step({ kind: "applied", index: commit });
  }

  #sendSnapshot({ to, term, leader, atLeast }: SnapshotOrder): void {
    const metadata = this.#raft.metadataAt(this.#durableState.index);
    invariant(metadata !== undefined, "the durable state lies within the log");
    if (metadata.index < atLeast) {
      this.#raft.step({ kind: "snapshotSent", to, at: undefined, bytesSent: 0, bytes: 0 });
      return;
    }
    this.#surroundings.snapshot(this.id, to, { term, leader, metadata, state: this.#durableState });
  }
}

function checksumAfter(checksum: number, index: Index, term: Term): number {
  return (Math.imul(checksum ^ (index * 31 + term), 0x01000193) + 0x9e37) >>> 0;
}
