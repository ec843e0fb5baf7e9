import type { Entry, Membership, NodeId, RaftNodeConfig } from "@raftkv/raft-core";
import { Chance } from "./chance.ts";
import { History } from "./history.ts";
import { LossyNetwork } from "./lossy-network.ts";
import { Machine, type Process } from "./machine.ts";
import { Timeline } from "./timeline.ts";
import { payloadOf } from "./word-log.ts";

const electionTimeoutMaxMs = 300;

/**
 * Real `RaftNode`s over a network, disks and a clock of the simulation, with clients that propose and read. Whatever
 * may go wrong goes wrong, at the times that the seed says; then all is repaired, and must come to rest.
 */
export class Simulation {
  readonly #chance: Chance;
  readonly #timeline = new Timeline();
  readonly #network: LossyNetwork;
  readonly #machines: readonly Machine[];
  readonly #trace: string[];
  readonly history = new History();
  #violation: Error | undefined;
  #operations = 0;
  snapshotsTaken = 0;
  compactions = 0;

  /** @param trace Receives a line an event, for a look at a seed that fails. */
  constructor(seed: number, membership: Membership, trace: string[] = []) {
    this.#chance = new Chance(seed);
    this.#trace = trace;
    this.#network = new LossyNetwork(this.#timeline, this.#chance);
    const around = {
      timeline: this.#timeline,
      chance: this.#chance,
      network: this.#network,
      membership,
      config: this.#drawConfig(),
      applied: (by: NodeId, entry: Entry) => this.#guarded(() => this.history.applied(by, entry)),
      tell: (line: string) => this.#tell(line),
    };
    this.#machines = membership.members.map((member) => new Machine(member, around));
  }

  async runWithFaults(forMs: number): Promise<void> {
    for (const machine of this.#machines) await machine.start();
    await this.#timeline.pass(this.#chance.between(0, 600));
    this.#network.lossRate = this.#chance.random.next() * 0.1;
    const endMs = this.#timeline.nowMs + forMs;
    this.#keepAsking(endMs);
    while (this.#timeline.nowMs < endMs) {
      await this.#timeline.pass(this.#chance.between(10, 150));
      await this.#somethingHappens();
      await this.#restartTheFailed();
      if (this.#violation !== undefined) throw this.#violation;
    }
  }

  /** Without faults the cluster leads, agrees and answers within 20 election timeouts, and everything adds up. */
  async converge(): Promise<void> {
    this.#network.heal();
    this.#network.lossRate = 0;
    for (const machine of this.#machines) {
      machine.diskDelayMs = 4;
      machine.diskFails = false;
      await this.#restartTheFailed();
      while (machine.process === undefined) await machine.start();
    }
    await this.#within("all follow one leader", () => this.#leader() !== undefined);
    const before = this.history.writes;
    this.#writeUntil(() => this.history.writes > before);
    await this.#within("a command is acknowledged", () => this.history.writes > before);
    for (const process of this.#running()) this.#read(process);
    await this.#within("every call is answered", () => this.history.unanswered().length === 0);
    await this.#within("all have applied the same", () => this.#agrees());
    this.history.check(this.#running()[0]?.state.words ?? []);
    for (const machine of this.#machines) await machine.stop();
    if (this.#violation !== undefined) throw this.#violation;
  }

  async #within(what: string, condition: () => boolean): Promise<void> {
    const limitMs = 20 * electionTimeoutMaxMs;
    const holds = await this.#timeline.until(() => this.#violation !== undefined || condition(), limitMs);
    if (this.#violation !== undefined) throw this.#violation;
    const failure = this.#machines.find((machine) => machine.failure !== undefined)?.failure;
    if (failure !== undefined) throw new Error("A node failed without a fault.", { cause: failure });
    if (!holds)
      throw new Error(
        `Within ${limitMs} ms without faults: ${what}. Unanswered: ${this.history.unanswered().join(", ")}.`,
      );
  }

  #agrees(): boolean {
    const [first, ...others] = this.#running();
    if (first === undefined) return false;
    const last = first.node.status().last.index;
    return [first, ...others].every(
      ({ node, state }) => node.status().last.index === last && state.appliedIndex() === last,
    );
  }

  #leader(): Process | undefined {
    const leaders = this.#running().filter(({ node }) => node.status().role === "leader");
    const [leader] = leaders;
    if (leader === undefined || leaders.length > 1) return undefined;
    const { id } = this.#machineOf(leader);
    return this.#running().every(({ node }) => node.status().leader?.id === id) ? leader : undefined;
  }

  #keepAsking(endMs: number): void {
    if (this.#timeline.nowMs >= endMs) return;
    const count = this.#chance.happens(0.03) ? 30 : 1;
    for (let asked = 0; asked < count; asked += 1) this.#ask();
    this.#timeline.after(this.#chance.random.next() * 12, () => this.#keepAsking(endMs));
  }

  #ask(): void {
    const running = this.#running();
    const leading = running.filter(({ node }) => node.status().role === "leader");
    const process = this.#chance.pick(this.#chance.happens(0.7) && leading.length > 0 ? leading : running);
    if (this.#chance.happens(0.6)) this.#write(process);
    else this.#read(process);
  }

  #write(process: Process | undefined): void {
    if (process === undefined) return;
    const word = `w${++this.#operations}`;
    const paddingBytes = this.#chance.happens(0.02) ? 5_000 : this.#chance.between(0, 60);
    this.history.write(
      word,
      () => process.life.isOver,
      () => process.node.propose(payloadOf(word, paddingBytes)),
    );
  }

  #writeUntil(isDone: () => boolean): void {
    if (isDone()) return;
    this.#write(this.#leader());
    this.#timeline.after(50, () => this.#writeUntil(isDone));
  }

  #read(process: Process | undefined): void {
    if (process === undefined) return;
    this.history.read(
      `r${++this.#operations}`,
      () => process.life.isOver,
      () => process.node.readIndex(),
      () => process.state.words.length,
    );
  }

  async #somethingHappens(): Promise<void> {
    const machine = this.#chance.pick(this.#machines);
    if (machine === undefined) return;
    const faults: readonly (() => void | Promise<void>)[] = [
      () => this.#crash(machine),
      () => this.#crash(machine),
      () => this.#startAgain(machine),
      () => this.#startAgain(machine),
      () => this.#startAgain(machine),
      () => this.#stopInOrder(machine),
      () => this.#partition(),
      () => this.#partition(),
      () => this.#network.heal(),
      () => this.#network.heal(),
      () => this.#timeline.stall(machine.id, this.#chance.between(20, 700)),
      () => this.#setDiskDelay(machine),
      () => this.#failDisk(machine),
      () => this.#transfer(machine),
      () => this.#network.reportUnreachable(machine.id, this.#chance.pick(this.#machines)?.id ?? 1),
      () => this.#crashAll(),
    ];
    await this.#chance.pick(faults)?.();
  }

  async #crash(machine: Machine): Promise<void> {
    if (machine.process !== undefined) this.#tell(`${machine.id} crashes`);
    await machine.crash();
  }

  async #crashAll(): Promise<void> {
    if (!this.#chance.happens(0.2)) return;
    for (const machine of this.#machines) await this.#crash(machine);
    for (const machine of this.#machines) await this.#startAgain(machine);
  }

  async #startAgain(machine: Machine): Promise<void> {
    if (machine.process !== undefined) return;
    this.#tell(`${machine.id} starts`);
    await machine.start();
  }

  async #stopInOrder(machine: Machine): Promise<void> {
    if (machine.process === undefined || machine.failure !== undefined || machine.diskFails) return;
    this.#tell(`${machine.id} stops in order`);
    await machine.stop();
  }

  #setDiskDelay(machine: Machine): void {
    machine.diskDelayMs = this.#chance.happens(0.5) ? 4 : this.#chance.between(20, 500);
  }

  #failDisk(machine: Machine): void {
    if (!this.#chance.happens(0.3)) return;
    this.#tell(`${machine.id} has a disk that fails`);
    machine.diskFails = true;
  }

  #transfer(machine: Machine): void {
    const transfer = machine.process?.node.transferLeadership(undefined, new AbortController().signal);
    transfer?.catch(() => undefined);
  }

  /** A disk that failed is the only thing that a node may stop over; it comes back by reading what is there. */
  async #restartTheFailed(): Promise<void> {
    for (const machine of this.#machines) {
      if (machine.failure === undefined) continue;
      if (!machine.diskFails) throw new Error(`Node ${machine.id} failed.`, { cause: machine.failure });
      await machine.crash();
      await machine.start();
    }
  }

  #partition(): void {
    this.#network.heal();
    const ids = this.#machines.map(({ id }) => id);
    const leader = this.#running().find(({ node }) => node.status().role === "leader");
    const alone = leader !== undefined && this.#chance.happens(0.4) ? this.#machineOf(leader).id : undefined;
    for (const from of ids) {
      for (const to of ids) {
        const isCut = alone === undefined ? this.#chance.happens(0.25) : (from === alone) !== (to === alone);
        if (isCut) this.#network.cut(from, to);
      }
    }
  }

  #drawConfig(): Partial<RaftNodeConfig> {
    const between = (low: number, high: number) => this.#chance.between(low, high);
    return {
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs,
      heartbeatIntervalMs: 40,
      maxAppendBytes: between(100, 2_000),
      maxInflightMessages: between(1, 6),
      maxInflightBytes: between(100, 4_000),
      maxUncommittedBytes: between(500, 10_000),
      maxEntryBytes: 4_000,
      maxCachedBytes: between(100, 3_000),
      maxUnappliedCachedBytes: between(100, 3_000),
      maxApplyBytes: between(50, 1_000),
      maxApplyBacklogBytes: between(1_000, 10_000),
      maxPendingReads: 50,
      snapshot: { entries: between(5, 60), bytes: between(500, 10_000), tailEntries: between(0, 10) },
      snapshotTimeoutMs: 1_000,
    };
  }

  #running(): readonly Process[] {
    return this.#machines.flatMap(({ process }) => (process === undefined ? [] : [process]));
  }

  #machineOf(process: Process): Machine {
    const machine = this.#machines.find((candidate) => candidate.process === process);
    if (machine === undefined) throw new Error("the process belongs to no machine");
    return machine;
  }

  #guarded(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#violation ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  #tell(line: string): void {
    if (line.includes("took over a snapshot")) this.snapshotsTaken += 1;
    if (line.includes("compacted the log")) this.compactions += 1;
    this.#trace.push(`${this.#timeline.nowMs.toFixed(1)} ${line}`);
  }
}
