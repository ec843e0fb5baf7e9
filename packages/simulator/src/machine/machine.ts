import {
  type ApplyResult,
  DEFAULT_MERGE_LIMITS,
  type InspectPeer,
  KvStateMachine,
  type MergeLimits,
} from "@raftkv/kv-server";
import {
  type Consensus,
  type ConsensusStatus,
  type LogFields,
  type Logger,
  type Member,
  type Membership,
  type NodeId,
  RaftNode,
  type RaftNodeConfig,
} from "@raftkv/raft-core";
import type { SimulatedDisk } from "../disk/simulated-disk.ts";
import type { Observe } from "../invariants/observation.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { observedConsensus } from "../observed/observed-consensus.ts";
import { observedStateMachine } from "../observed/observed-state-machine.ts";
import { observedStorage } from "../observed/observed-storage.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { extraOptions, type MachineExtras } from "./extras.ts";
import { NodeServices } from "./node-services.ts";
import { type Effect, type Fuse, Process } from "./process.ts";
import { ProcessClock } from "./process-clock.ts";
import type { Wrappers } from "./wrappers.ts";

export interface MachineOptions {
  readonly id: NodeId;
  /** What a founder forms the cluster with; undefined: the machine stays blank until it is told to join. */
  readonly founds: Membership | undefined;
  readonly config: Partial<RaftNodeConfig>;
  readonly merge: Partial<MergeLimits>;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly network: SimulatedNetwork;
  readonly disk: SimulatedDisk;
  readonly observe: Observe;
  readonly wrappers: Wrappers;
  /** Its services come to be as it comes up, with what a leader does by itself: leases end then. Unless told with the first call. */
  readonly servesAtOnce?: boolean;
  /** How a node asks who listens at an address; unless told, nobody can be asked. */
  readonly inspect?: InspectPeer;
  readonly extras?: MachineExtras | undefined;
  /** A process of it is gone, and with it its end of every connection. */
  readonly processEnded: (process: Process) => void;
  /** A node has stopped, or did not come up, though nothing was done to it. */
  readonly unexpected: (finding: string) => void;
}

/** A node that has come up. */
export interface RunningNode {
  readonly node: RaftNode<ApplyResult>;
  /** The same, as the clients' requests see it. */
  readonly consensus: Consensus<ApplyResult>;
  readonly state: KvStateMachine;
  /** What it serves to clients over connections. */
  readonly clients: NodeServices;
  /** Ends everything in order: resolves once nothing is at work on the disk any more. */
  close(): Promise<void>;
}

/** One process with what was started in it. */
interface Incarnation {
  readonly process: Process;
  readonly clock: ProcessClock;
  running: RunningNode | undefined;
  /** The node, until the process is gone: while it stops in order, it is no longer running, and still commits. */
  node: RunningNode["node"] | undefined;
  /** Its disk was told to fail: it may stop for that. */
  excused: boolean;
}

/** One machine: a disk, and at most one process at a time that runs the real node on it. A new disk is a new member. */
export class Machine {
  readonly id: NodeId;
  readonly #options: MachineOptions;
  #incarnation: Incarnation | undefined;
  /** What the disk is formed with; undefined while the machine is blank. */
  #formation: Membership | undefined;
  #disksBefore = 0;
  #fuse: { readonly fuse: Fuse; readonly burnt: () => void } | undefined;
  #clockRate = 1;
  /** The process took part in something since its status was last looked at. */
  #touched = false;

  constructor(options: MachineOptions) {
    this.id = options.id;
    this.#options = options;
    this.#formation = options.founds;
  }

  /** As what the node on the present disk takes part. */
  get member(): Member {
    return memberOn(this.id, this.#disksBefore);
  }

  /** Nothing is on its disk, and it has not been told to join. */
  get blank(): boolean {
    return this.#formation === undefined;
  }

  /** Undefined while the process is down, or still reads its disk. */
  get running(): RunningNode | undefined {
    return this.#incarnation?.running;
  }

  get down(): boolean {
    return this.#incarnation === undefined;
  }

  get paused(): boolean {
    return this.#incarnation?.process.paused ?? false;
  }

  /** What the node says of itself, if anything has happened in it since this was last asked. */
  takeNews(): ConsensusStatus | undefined {
    if (!this.#touched) return undefined;
    this.#touched = false;
    return this.#incarnation?.node?.status();
  }

  /** A blank machine starts with a log that begins with `membership`, and waits to be added to the cluster. */
  join(membership: Membership): void {
    if (!this.blank) throw new Error(`node ${this.id} has data: it cannot join as a new member`);
    this.#formation = membership;
    this.start();
  }

  /** The disk is lost for good, and the process with it. */
  wipe(): void {
    this.crash();
    this.#options.disk.wipe();
    this.#formation = undefined;
    this.#disksBefore++;
  }

  start(): void {
    const formation = this.#formation;
    if (this.#incarnation !== undefined || formation === undefined) return;
    const { scheduler, chance, trace } = this.#options;
    const process = new Process(scheduler, (effect) => this.#burn(effect));
    const clock = new ProcessClock({
      scheduler,
      startMs: chance.between(0, 1_000_000),
      latenessMs: () => chance.between(0, 0.2),
      enter: (run) => this.#enter(process, run),
    });
    clock.setRate(this.#clockRate);
    const incarnation: Incarnation = {
      process,
      clock,
      running: undefined,
      node: undefined,
      excused: this.#options.disk.isFull,
    };
    this.#incarnation = incarnation;
    trace.add(`${this.id} starts`);
    this.#bringUp(incarnation, formation).catch((error: unknown) => this.#ended(incarnation, "did not come up", error));
  }

  /** As kill -9, or a power cut. */
  crash(): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    const { trace, disk, network } = this.#options;
    trace.add(`${this.id} crashes`);
    this.#incarnation = undefined;
    this.#fuse = undefined;
    incarnation.process.end();
    disk.crash();
    network.detach(incarnation.process);
    this.#options.processEnded(incarnation.process);
  }

  /** The node is closed, and its storage; the process ends when that is done. */
  stop(): void {
    const running = this.running;
    const incarnation = this.#incarnation;
    if (running === undefined || incarnation === undefined || incarnation.process.paused) return;
    this.#options.trace.add(`${this.id} is told to stop`);
    incarnation.running = undefined;
    running.close().then(
      () => {
        if (incarnation.process.alive) this.crash();
      },
      (error: unknown) => this.#ended(incarnation, "did not stop in order", error),
    );
  }

  /** Calls `burnt` when the process, if it lives so long, comes to that effect; one at a time. */
  atEffect(fuse: Fuse, burnt: () => void): void {
    if (this.#incarnation !== undefined) this.#fuse = { fuse, burnt };
  }

  pause(): void {
    this.#options.trace.add(`${this.id} is paused`);
    this.#incarnation?.process.pause();
  }

  /** As when a virtual machine is suspended: the process stands still, and its clock with it. */
  suspend(): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined || incarnation.process.paused) return;
    this.#options.trace.add(`${this.id} is suspended, and its clock with it`);
    incarnation.process.pause();
    incarnation.clock.stop();
  }

  resume(): void {
    if (!this.paused) return;
    this.#options.trace.add(`${this.id} goes on`);
    this.#incarnation?.clock.goOn();
    this.#incarnation?.process.resume();
  }

  failDisk(): void {
    if (this.#incarnation === undefined) return;
    this.#incarnation.excused = true;
    this.#options.disk.failNext();
  }

  /** Nothing can be written for a while: the process stops, and each that is started meanwhile. */
  fillDisk(forMs: number): void {
    if (this.#incarnation !== undefined) this.#incarnation.excused = true;
    this.#options.disk.fill(forMs);
  }

  setClockRate(rate: number): void {
    this.#clockRate = rate;
    this.#incarnation?.clock.setRate(rate);
  }

  /** Its monotonic clock leaps, as when a virtual machine moves to another host. */
  leapAhead(byMs: number): void {
    this.#options.trace.add(`${this.id}: the clock leaps ahead by ${byMs.toFixed(0)} ms`);
    this.#incarnation?.clock.leap(byMs);
  }

  /** Nothing more is done to it: what it was to crash for is forgotten. */
  calm(): void {
    this.#fuse = undefined;
    this.setClockRate(1);
  }

  /** Runs `request` in the process, with the node; without effect while there is none, or once the process is gone. */
  handle(request: (running: RunningNode, process: Process) => void): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    this.#enter(incarnation.process, () => {
      if (incarnation.running !== undefined) request(incarnation.running, incarnation.process);
    });
  }

  /** Runs something in a process of this machine, if and when that runs. */
  handleIn(process: Process, run: () => void): void {
    this.#enter(process, run);
  }

  #enter(process: Process, run: () => void): void {
    this.#touched = true;
    process.enter(run);
  }

  /** Called in front of each effect. */
  #burn(effect: Effect): void {
    this.#touched = true;
    if (this.#fuse === undefined) return;
    const { fuse, burnt } = this.#fuse;
    if (fuse.from !== undefined && fuse.from !== effect) return;
    this.#fuse = fuse.after > 0 ? { fuse: { from: undefined, after: fuse.after - 1 }, burnt } : undefined;
    if (fuse.after === 0) burnt();
  }

  async #bringUp(incarnation: Incarnation, formation: Membership): Promise<void> {
    const { id, disk, network, observe, chance, merge, config, wrappers } = this.#options;
    const { process, clock } = incarnation;
    const { memberId } = this.member;
    const onFailure = (error: Error) => this.#ended(incarnation, "has stopped", error);
    const guarded: Observe = (observation) => {
      this.#touched = true;
      if (process.alive) observe(observation);
    };
    const { raft, state } = await disk.open(process, {
      dataDir: "",
      nodeId: id,
      newMemberId: () => memberId,
      onFailure,
    });
    if (raft.identity().clusterId === undefined) await raft.form("simulated", formation);
    // Where merges are small, so is what is remembered of them: keys that the engine has to be asked about are wanted, too.
    const settled = { settledBytes: merge.mergeBytes ?? DEFAULT_MERGE_LIMITS.mergeBytes };
    const machine = await KvStateMachine.open({ store: state, clock, merge: { ...settled, ...merge } });
    const storage = observedStorage(raft, id, guarded);
    const transport = network.transport(this.member, process);
    const node = await RaftNode.start({
      storage: wrappers.storage?.(storage, id) ?? storage,
      transport: wrappers.transport?.(transport, id) ?? transport,
      stateMachine: observedStateMachine(
        wrappers.stateMachine?.(machine, id) ?? machine,
        id,
        () => machine.isScavenged,
        guarded,
      ),
      clock,
      random: chance,
      logger: this.#logger(process),
      config,
      onFailure,
    });
    if (!process.alive) return;
    const wrapped = wrappers.consensus?.(node, id) ?? node;
    const consensus = observedConsensus(wrapped, id, () => machine.appliedIndex(), guarded);
    const clients = new NodeServices({
      consensus,
      state: machine,
      version: "simulated",
      address: this.member.address,
      usage: () => raft.usage(),
      clock,
      inspect: this.#options.inspect ?? nobodyAnswers,
      ...extraOptions(this.#options.extras, { id, enter: (run) => this.#enter(process, run) }),
      endOfTurn: (callback) => this.#options.scheduler.after(0, () => this.#enter(process, callback)),
    });
    if (this.#options.servesAtOnce) void clients.services;
    incarnation.node = node;
    incarnation.running = {
      node,
      consensus,
      state: machine,
      clients,
      close: async () => {
        await clients.close();
        await node.close();
        await machine.close();
        await raft.close();
      },
    };
  }

  #ended(incarnation: Incarnation, how: string, error: unknown): void {
    if (!incarnation.process.alive) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.trace.add(`${this.id} ${how}: ${reason}`);
    if (!incarnation.excused) this.#options.unexpected(`node ${this.id} ${how}: ${reason}`);
    this.crash();
  }

  #logger(process: Process): Logger {
    const tell = (message: string, fields: LogFields = {}) => {
      if (process.alive) this.#options.trace.add(`${this.id} says: ${message}${describeFields(fields)}`);
    };
    return { debug: () => {}, info: tell, warn: tell, error: tell };
  }
}

/** The member that the first disk of node `id` is, or a later one. */
export function memberOn(id: NodeId, disksBefore = 0): Member {
  const memberId = disksBefore === 0 ? `member-${id}` : `member-${id}-${disksBefore}`;
  return { id, address: `node-${id}.simulated:1`, memberId };
}

function describeFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => `, ${name} ${value instanceof Error ? value.message : String(value)}`)
    .join("");
}

async function nobodyAnswers(address: string): Promise<never> {
  throw new Error(`nobody can be asked at ${address} in a simulation`);
}
