import type { RaftKv } from "@raftkv/kv-client";
import type { BrokenInvariant } from "../invariants/invariant.ts";
import type { Machine } from "../machine/machine.ts";
import { way } from "../network/partitions.ts";
import { type Chance, chanceOf } from "../scheduler/chance.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import { Trace } from "../trace/trace.ts";
import { AppProcess, type AppProcessOptions } from "./app-process.ts";
import { Disturbance, type DisturbOptions } from "./disturbance.ts";
import { SimulatedNodes } from "./simulated-nodes.ts";
import { readTestClusterOptions, type TestClusterOptions, type TestClusterSettings } from "./test-cluster-options.ts";
import { TimeFlow } from "./time-flow.ts";

/** A node, by its id, or a process of the application. */
export type Party = number | AppProcess;

/**
 * Starts a raftkv cluster in this process, for the tests of an application: real nodes and clients over a simulated
 * network, simulated disks and simulated time. No port, file or real timer is touched, and two runs with the same seed are
 * equal, byte for byte. Resolves once there is a leader. Throws a RangeError where an option makes no sense.
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = new TestCluster(readTestClusterOptions(options));
  await cluster.untilLeader();
  return cluster;
}

/**
 * A simulated cluster under a test. Simulated time passes while something of it is awaited: a call of a client, a `sleep`
 * or timer of a process's clock, `advance`, `until`. In between it stands still, however long the test takes.
 *
 * All invariants of Raft are checked at each step, and `failure` says if one does not hold: a bug of raftkv, not of the
 * application.
 */
export class TestCluster implements AsyncDisposable {
  readonly seed: number;
  readonly #settings: TestClusterSettings;
  readonly #scheduler = new Scheduler();
  readonly #lines: string[] = [];
  readonly #trace: Trace;
  readonly #nodes: SimulatedNodes;
  readonly #flow: TimeFlow;
  readonly #processes: AppProcess[] = [];
  readonly #chance: Chance;
  /** Between nodes. */
  #cuts = new Set<string>();
  #disturbance: Disturbance | undefined;

  /** Use `createTestCluster`. */
  constructor(settings: TestClusterSettings) {
    const { seed, keepsTrace } = settings;
    const scheduler = this.#scheduler;
    this.seed = seed;
    this.#settings = settings;
    this.#chance = chanceOf(seed, "test");
    this.#trace = keepsTrace ? new Trace(() => scheduler.nowMs, this.#lines) : new Trace(() => scheduler.nowMs);
    this.#nodes = new SimulatedNodes(settings, scheduler, this.#trace);
    this.#flow = new TimeFlow(scheduler, () => this.#nodes.look());
  }

  /** A new process of the application, with a client, a clock and chance of its own. */
  process(options: AppProcessOptions = {}): AppProcess {
    const name = options.name ?? `process ${this.#processes.length + 1}`;
    if (this.#processes.some((other) => other.name === name))
      throw new RangeError(`there is a process "${name}" already`);
    const surroundings = {
      scheduler: this.#scheduler,
      flow: this.#flow,
      network: this.#nodes.clientNetwork,
      chance: chanceOf(this.seed, `process ${name}`),
      trace: this.#trace,
      endpoints: this.#nodes.addresses,
      startMs: this.#settings.startMs,
    };
    const process = new AppProcess(name, surroundings, options);
    this.#processes.push(process);
    return process;
  }

  /** A client in a new process, where all that is needed is a client. */
  client(options: AppProcessOptions = {}): RaftKv {
    return this.process(options).kv;
  }

  /** Simulated milliseconds since the beginning. */
  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  /** The ids of all nodes. */
  get nodes(): readonly number[] {
    return this.#nodes.machines.map(({ id }) => id);
  }

  /** Who leads, in the latest term that anybody leads in; undefined while nobody does. */
  get leader(): number | undefined {
    const leading = this.#nodes.machines.flatMap(({ id, running }) => {
      const status = running?.node.status();
      return status?.role === "leader" ? [{ id, term: status.term }] : [];
    });
    return leading.sort((a, b) => b.term - a.term)[0]?.id;
  }

  /** The processes of the application, in the order in which they came. */
  get processes(): readonly AppProcess[] {
    return [...this.#processes];
  }

  /** Lets so many milliseconds pass. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance by ${ms} ms: expected a number that is not negative`);
    await this.#flow.during(this.#scheduler.sleep(ms));
  }

  /** Lets time pass until `condition` holds, which is looked at every millisecond. Rejects after `withinMs`. */
  async until(condition: () => boolean, withinMs = 60_000): Promise<void> {
    const endMs = this.nowMs + withinMs;
    while (!condition()) {
      if (this.nowMs >= endMs) throw new Error(`what was waited for has not come within ${withinMs} simulated ms`);
      await this.advance(1);
    }
  }

  /**
   * Settles as `work` does, but rejects once `ms` have passed without that. Lets no time pass by itself: for a scenario
   * that may not end.
   */
  atMost<T>(ms: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#scheduler.after(ms, () => reject(new Error(`it has not ended within ${ms} simulated ms`)));
      work.then(resolve, reject);
    });
  }

  /** Lets time pass until somebody leads, and resolves with who. */
  async untilLeader(withinMs = 60_000): Promise<number> {
    await this.until(() => this.leader !== undefined, withinMs);
    return this.leader ?? 0;
  }

  /**
   * Cuts all ways between parties of different groups, in both directions. Who is in no group still reaches everybody; what
   * was cut before stays cut.
   */
  partition(...groups: readonly (readonly Party[])[]): void {
    this.#trace.add(`partition: ${groups.map((group) => group.map(nameOf).join(" ")).join(" | ")}`);
    for (const [position, group] of groups.entries()) {
      for (const other of groups.slice(position + 1)) {
        for (const a of group) for (const b of other) this.#cut(a, b);
      }
    }
    this.#nodes.network.cut(this.#cuts);
  }

  /** Cuts a party off from everybody else. */
  isolate(party: Party): void {
    this.partition(
      [party],
      [...this.nodes, ...this.#processes].filter((other) => other !== party),
    );
  }

  /** Every way is whole again. */
  heal(): void {
    this.#trace.add("heal");
    this.#cuts = new Set();
    this.#nodes.network.cut(this.#cuts);
    this.#nodes.clientNetwork.heal();
  }

  /** As kill -9, or a power cut: writes that the disk has not acknowledged may be lost. */
  crash(node: number): void {
    this.#machine(node).crash();
  }

  /** Starts a node that is down, from what is on its disk. Without effect while it is up. */
  restart(node: number): void {
    this.#machine(node).start();
  }

  /** The node stands still, as under SIGSTOP. */
  pause(node: number): void {
    this.#machine(node).pause();
  }

  /** The node goes on: all that it has missed happens now. */
  resume(node: number): void {
    this.#machine(node).resume();
  }

  /** Has nodes and processes crash, pause and be cut off, at random moments from the seed, until `calm`. */
  disturb(options: DisturbOptions = {}): void {
    this.#disturbance?.end();
    this.#disturbance = new Disturbance(this, this.#scheduler, chanceOf(this.seed, "disturbance"), options);
  }

  /** No more disturbance: everybody that is down or paused comes back, but for processes that crashed, and all is healed. */
  calm(): void {
    this.#disturbance?.end();
    this.#disturbance = undefined;
    this.heal();
    for (const machine of this.#nodes.machines) {
      machine.resume();
      machine.start();
    }
    for (const process of this.#processes) process.resume();
  }

  /** Chance for the test itself, from the seed: uniform in [0, 1). */
  random(): number {
    return this.#chance.next();
  }

  /** Adds a line to the trace, with the time. */
  note(event: string): void {
    this.#trace.add(event);
  }

  /** What has happened so far, line by line, each with its simulated milliseconds; empty unless it is kept. */
  get trace(): readonly string[] {
    return [...this.#lines];
  }

  /** Of all that has happened: equal for equal runs. */
  get traceHash(): string {
    return this.#trace.hash;
  }

  /** The first invariant of the cluster that did not hold: a bug of raftkv. Undefined, as long as all hold. */
  get failure(): BrokenInvariant | undefined {
    return this.#nodes.invariants.broken;
  }

  /** Ends it. Whatever still waits for something of it waits for ever. Rejects with `failure`, if there is one. */
  async close(): Promise<void> {
    this.#disturbance?.end();
    this.#flow.stop();
    if (this.failure !== undefined) throw this.failure;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #cut(a: Party, b: Party): void {
    if (typeof a === "number" && typeof b === "number") {
      this.#cuts.add(way(this.#machine(a).id, this.#machine(b).id));
      this.#cuts.add(way(b, a));
    } else if (typeof a === "number" && typeof b !== "number") {
      this.#nodes.clientNetwork.cut(b.name, this.#machine(a).id, "both");
    } else if (typeof a !== "number" && typeof b === "number") {
      this.#nodes.clientNetwork.cut(a.name, this.#machine(b).id, "both");
    }
  }

  #machine(node: number): Machine {
    const machine = this.#nodes.machines.find(({ id }) => id === node);
    if (machine !== undefined) return machine;
    throw new RangeError(`there is no node ${node}: the nodes are ${this.nodes.join(", ")}`);
  }
}

function nameOf(party: Party): string {
  return typeof party === "number" ? `${party}` : party.name;
}
