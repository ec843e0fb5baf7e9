import type { RaftKv } from "@raftkv/kv-client";
import type { Index } from "@raftkv/raft-core";
import { HistoryRecorder } from "../history/history-recorder.ts";
import type { KeyCall } from "../history/models/key-value-model.ts";
import { type Machine, memberOn } from "../machine/machine.ts";
import type { Process } from "../machine/process.ts";
import type { NetworkSettings } from "../network/network.ts";
import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { Acknowledged } from "./acknowledged.ts";
import { Batches } from "./batches.ts";
import { Client } from "./client.ts";
import { ClientSource } from "./client-source.ts";
import { Historians } from "./historians.ts";
import { KeptHistory } from "./kept-history.ts";
import { KeysInUse } from "./keys-in-use.ts";
import { LeaseRecords } from "./lease-records.ts";
import { Leasers } from "./leasers.ts";
import { LockRecords } from "./lock-records.ts";
import { Lockers } from "./lockers.ts";
import { NodeSource } from "./node-source.ts";
import { readOn } from "./readers.ts";
import { RealCallers } from "./real-callers.ts";
import { RemoteNode } from "./remote-node.ts";
import { Services } from "./services.ts";
import { StateReads } from "./state-reads.ts";
import { Transactors } from "./transactors.ts";
import type { TypedClient } from "./typed-client.ts";
import { TypedClients } from "./typed-clients.ts";
import { Watchers } from "./watchers.ts";

interface WorkloadOptions {
  readonly plan: WorkloadPlan;
  readonly network: NetworkSettings;
  /** Whether the nodes may read by lease. */
  readonly leases: boolean;
  readonly machines: readonly Machine[];
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly chance: (name: string) => Chance;
  /** The numbers of operations that are not performed. */
  readonly skipped: ReadonlySet<number>;
  /** Up to here, somebody calls the log committed. */
  readonly lastCommitted: () => Index;
  /** The rate of the slowest clock of a node that there may be. */
  readonly slowestClock: number;
  /** And that of the fastest. */
  readonly fastestClock: number;
  /** A client was told what must not be. */
  readonly breaks: (invariant: string, finding: string) => void;
}

/** Whoever has operations performed. */
type Performer = Pick<Client, "perform" | "performOnce">;

/** Clients in closed loops on a few keys at a time, with everything that they asked and were told on record. */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly recorder: HistoryRecorder;
  readonly stateReads: StateReads;
  readonly watchers: Watchers;
  readonly transactors: Transactors;
  readonly leasers: Leasers;
  readonly lockers: Lockers;
  readonly locks = new LockRecords();
  readonly services: Services;
  #typed: TypedClients;
  readonly #batches: Batches;
  readonly #acknowledged: Acknowledged;
  readonly #historians: Historians;
  readonly #realCallers: RealCallers;
  readonly #keys: KeysInUse;
  #lossRate: number;
  #working = 0;
  #stopped = false;
  #bursts = 0;
  #drawn = 0;
  #values = 0;
  #writers = 0;
  /** How often clients have begun again. */
  #generation = 0;

  constructor(options: WorkloadOptions) {
    const { scheduler, lastCommitted, slowestClock } = options;
    this.#options = options;
    this.#keys = new KeysInUse(options.plan);
    this.#acknowledged = new Acknowledged(scheduler);
    this.recorder = new HistoryRecorder((answer) => this.#acknowledged.noteAnswer(answer));
    this.stateReads = new StateReads({ scheduler, acknowledged: this.#acknowledged, lastCommitted, slowestClock });
    const observing = {
      ...options,
      acknowledged: this.#acknowledged,
      key: (chance: Chance) => this.#keys.some(chance),
      kept: new KeptHistory({ scheduler, ended: () => this.#stopped }),
      locks: this.locks,
      ended: () => this.#stopped,
    };
    const leaseRecords = new LeaseRecords(options);
    this.#historians = new Historians({ ...observing, reads: this.stateReads });
    this.watchers = new Watchers(observing);
    this.transactors = new Transactors({ ...observing, leaseRecords });
    this.leasers = new Leasers({ ...observing, leaseRecords });
    this.lockers = new Lockers(observing);
    this.services = new Services(observing);
    this.#lossRate = options.network.dropRate;
    this.#typed = new TypedClients(options);
    this.#batches = new Batches(this.recorder, options.plan, options.trace);
    this.#realCallers = new RealCallers({
      plan: options.plan,
      watchers: this.watchers,
      transactors: this.transactors,
      leasers: this.leasers,
      lockers: this.lockers,
      typed: () => this.#typed.clients,
      chance: (name) => this.#chanceOf(name),
      client: (name) => this.#client(name, options.machines, options.plan.answerTimeoutMs),
    });
    this.#begin();
  }

  /** Operations so far, skipped ones included; but for bursts, and for what readers read. */
  get drawn(): number {
    return this.#drawn;
  }

  /** Every client has come to its end. */
  get idle(): boolean {
    return this.#working === 0;
  }

  /** Leases live for so long at the most; 0: there are none. */
  get longestTtlMs(): number {
    const { leasers, lockers, longestTtlMs, serviceLockers } = this.#options.plan;
    const ofServicesMs = serviceLockers === undefined ? 0 : Math.max(serviceLockers.longestTtlMs, 101);
    return Math.max(ofServicesMs, leasers + lockers > 0 ? Math.max(longestTtlMs, 101) : 0);
  }

  /** Each client finishes what it is at. */
  stop(): void {
    this.#stopped = true;
    this.lockers.stop();
  }

  /** New clients, after all have come to their end. */
  resume(): void {
    this.#stopped = false;
    this.watchers.resume();
    this.lockers.resume();
    this.#generation++;
    this.#lossRate = this.#options.network.dropRate;
    this.#typed = new TypedClients({ ...this.#options, chance: (name) => this.#chanceOf(name) });
    this.#begin();
  }

  #begin(): void {
    const { clients, readers, historians, batchers } = this.#options.plan;
    for (let number = 1; number <= clients; number++) this.#work(this.#loop(number));
    for (let number = 1; number <= readers; number++) this.#work(this.#readLoop(number));
    for (let number = 1; number <= historians; number++) this.#work(this.#historianLoop(number));
    for (const loop of this.#realCallers.begin()) this.#work(loop);
    for (let number = 1; number <= batchers; number++) this.#work(this.#batchLoop(number));
    for (const loop of this.services.begin((name) => this.#callerOf(name))) this.#work(loop);
  }

  #callerOf(name: string) {
    const { machines, plan } = this.#options;
    const chance = this.#chanceOf(name);
    const nodes = this.#nodes(`${name}'s nodes`, machines, Math.max(plan.answerTimeoutMs, plan.patienceMs / 5));
    return { chance, nodes, client: this.#client(`${name} at first`, machines, plan.answerTimeoutMs) };
  }

  /** The draws of what has this name, of these clients. */
  #chanceOf(name: string): Chance {
    return this.#options.chance(this.#generation === 0 ? name : `${name}, again ${this.#generation}`);
  }

  /** Resolves once `members` have answered a fresh write, and this machine a fresh read. */
  async serves(machine: Machine, members: readonly Machine[]): Promise<void> {
    await this.#serve(`${machine.id}`, members, [machine]);
  }

  /** Real clients that know of none of the members are set up anew: nobody could tell them. */
  findMembers(members: readonly Machine[]): void {
    const addresses = members.map(({ id }) => memberOn(id).address);
    for (const client of this.#typed.clients) client.reconfigureUnlessAmong(addresses);
  }

  /** What has not been told to watches, of all that was acknowledged; undefined: nothing. */
  untold(): string | undefined {
    return this.watchers.lacking(this.#acknowledged.latest)[0];
  }

  /** Resolves once every real client, wherever it was left, was answered a fresh write and a fresh read, and is closed. */
  async everyClientIsServed(): Promise<void> {
    await Promise.all(
      this.#typed.clients.map(async (client, position) => {
        // Not given up, and not set up anew: with what it knows it has to be served.
        const perform: Performer["perform"] = (key, call) => client.performOnce(key, call);
        const patient = { perform, performOnce: perform };
        await this.#until(`typed/${position + 1}`, patient, patient);
        await client.close();
      }),
    );
  }

  /** What befalls clients comes to its end. */
  calmClients(): void {
    this.#typed.calm();
  }

  /** A process of a node is gone. */
  processEnded(process: Process): void {
    this.#typed.network.detach(process);
  }

  /** Resolves once some of `machines` have answered a fresh write and a fresh read. */
  async servesAnywhere(machines: readonly Machine[]): Promise<void> {
    await this.#serve("majority", machines, machines);
  }

  /** One try at that machine, without a session. */
  async write(machine: Machine): Promise<void> {
    const client = this.#client(
      `writer ${++this.#writers} at ${machine.id}`,
      [machine],
      this.#options.plan.answerTimeoutMs,
    );
    const key = `told/${Math.floor(this.#writers / 20)}`;
    const call: KeyCall = { kind: "put", value: `v${++this.#values}` };
    await this.recorder.record(key, call, () => client.performOnce(key, call));
  }

  /** Has the store keep its history. Resolves once it does. */
  async keepHistory(): Promise<void> {
    const client = this.#client("historian of a story", this.#options.machines, this.#options.plan.answerTimeoutMs);
    while (!(await client.keepHistory()));
  }

  /** The first real client. */
  get realClient(): RaftKv {
    const [client] = this.#typed.clients;
    if (client === undefined) throw new Error("there is no real client");
    return client.kv;
  }

  /** The first real client hears all nodes, and reaches none; or all is well with it again. */
  mute(isMute: boolean): void {
    const { network } = this.#typed;
    for (const { id } of this.#options.machines) {
      if (isMute) network.cut("client 1", id, "toNode");
      else network.mend("client 1", id);
    }
  }

  /** Nothing is lost for these clients. */
  async #serve(name: string, writeTo: readonly Machine[], readFrom: readonly Machine[]): Promise<void> {
    this.#lossRate = 0;
    const { plan } = this.#options;
    const writer = this.#client(`writer for ${name}`, writeTo, plan.answerTimeoutMs);
    const reader = this.#client(`reader at ${name}`, readFrom, plan.answerTimeoutMs);
    await this.#until(name, writer, reader);
  }

  async #until(name: string, writer: Performer, reader: Performer): Promise<void> {
    const key = `fresh/${name}`;
    const isAnswered = async (client: Performer, call: KeyCall) =>
      (await this.recorder.record(key, call, () => client.perform(key, call), name)).kind === "answered";
    while (!(await isAnswered(writer, { kind: "put", value: `fresh${++this.#values}` })));
    while (!(await isAnswered(reader, { kind: "get" })));
  }

  #work(loop: Promise<void>): void {
    this.#working++;
    void loop.then(() => this.#working--);
  }

  async #readLoop(number: number): Promise<void> {
    const { plan, machines, scheduler } = this.#options;
    const { recorder } = this;
    const name = `reader ${number}`;
    const chance = this.#chanceOf(name);
    const clients = machines.map((machine) =>
      this.#client(`${name} of ${machine.id}`, [machine], plan.answerTimeoutMs),
    );
    const shared = { scheduler, recorder, lastKey: () => this.#keys.last, ended: () => this.#stopped };
    await readOn({ name, chance, clients, thinkMs: plan.readerThinkMs, ...shared });
  }

  async #loop(number: number): Promise<void> {
    const { plan, machines, scheduler, trace } = this.#options;
    const chance = this.#chanceOf(`client ${number}`);
    const typed = this.#typed.clients[number - 1];
    const client = typed ?? this.#client(`client ${number} and its nodes`, machines, plan.answerTimeoutMs);
    while (!this.#stopped) {
      await scheduler.sleep(chance.exponential(plan.thinkMs));
      if (chance.happens(plan.burstRate)) await this.#burst(number, client, chance);
      if (typed !== undefined && chance.happens(0.1)) await this.#readsWhatItWrote(number, typed);
      const key = this.#keys.next(chance);
      const call = this.#call(chance);
      if (this.#options.skipped.has(++this.#drawn)) continue;
      trace.add(`client ${number}: ${JSON.stringify(call)} of ${key}`);
      const outcome = await this.recorder.record(key, call, () => client.perform(key, call), `client ${number}`);
      trace.add(`client ${number}: ${JSON.stringify(outcome)}`);
    }
  }

  /** Some of them ask through the connection of a real client. */
  #historianLoop(number: number): Promise<void> {
    const name = `historian ${number}`;
    const { machines, plan, scheduler } = this.#options;
    const chance = this.#chanceOf(name);
    const typed = number % 2 === 1 ? this.#typed.clients[number % this.#typed.clients.length] : undefined;
    const source =
      typed === undefined
        ? new NodeSource(this.#nodes(name, machines, plan.answerTimeoutMs), chance)
        : new ClientSource(
            () => typed.kv,
            () => chance.integer(1, 3),
            async () => {
              if (chance.happens(0.3)) await scheduler.sleep(chance.spread(0.5, 100));
            },
          );
    return this.#historians.loop({ name, chance, source, client: this.#client(name, machines, plan.answerTimeoutMs) });
  }

  /** Many operations at a time, as one message: on keys of their own, which all batchers share. */
  async #batchLoop(number: number): Promise<void> {
    const { plan, machines, scheduler } = this.#options;
    const chance = this.#chanceOf(`batcher ${number}`);
    const client = this.#client(`batcher ${number} and its nodes`, machines, plan.answerTimeoutMs);
    while (!this.#stopped) {
      await scheduler.sleep(chance.exponential(plan.thinkMs));
      await this.#batches.perform(client, `batcher ${number}`, chance);
    }
  }

  /**
   * Outside of the client's session, whose operations come one after the other. On keys of its own, few operations each:
   * a checker has to try every order of what was under way at the same time.
   */
  async #burst(number: number, client: Performer, chance: Chance): Promise<void> {
    const burst = ++this.#bursts;
    const operations = Array.from({ length: chance.integer(5, 30) }, () => ({
      key: `b${burst}/${chance.integer(1, 8)}`,
      call: this.#call(chance),
    }));
    this.#options.trace.add(`client ${number}: ${operations.length} operations at once`);
    await Promise.all(
      operations.map(({ key, call }) => this.recorder.record(key, call, () => client.performOnce(key, call))),
    );
  }

  async #readsWhatItWrote(number: number, client: TypedClient): Promise<void> {
    try {
      await client.readsWhatItWrote(`own/${number}`, `v${++this.#values}`);
    } catch (error) {
      this.#options.breaks("reads show what they must", error instanceof Error ? error.message : String(error));
    }
  }

  #client(name: string, machines: readonly Machine[], timeoutMs: number): Client {
    const { scheduler, plan, leases } = this.#options;
    const chance = this.#chanceOf(name);
    const { sessionTtlMs, patienceMs } = plan;
    const nodes = this.#nodes(name, machines, timeoutMs, chance);
    return new Client({ nodes, scheduler, chance, sessionTtlMs, patienceMs, leases });
  }

  #nodes(
    name: string,
    machines: readonly Machine[],
    timeoutMs: number,
    chance = this.#chanceOf(name),
  ): readonly RemoteNode[] {
    const { scheduler, network } = this.#options;
    const lossRate = this.#lossRate;
    const { duplicateRate } = network;
    return machines.map(
      (machine) => new RemoteNode({ machine, scheduler, chance, timeoutMs, lossRate, duplicateRate }),
    );
  }

  #call(chance: Chance): KeyCall {
    const draw = chance.next();
    if (draw < 0.4) return { kind: "get" };
    if (draw < 0.5) return { kind: "delete" };
    return { kind: "put", value: this.#value(chance) };
  }

  #value(chance: Chance): string {
    const { largeValueRate } = this.#options.plan;
    const value = `v${++this.#values}`;
    return largeValueRate > 0 && chance.happens(largeValueRate) ? value.padEnd(chance.integer(50, 3_000), ".") : value;
  }
}
