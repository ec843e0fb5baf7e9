import { type ApplyResult, KvStateMachine, type StoragePackage } from "@raftkv/kv-server";
import {
  type Clock,
  type Membership,
  RaftNode,
  type RaftNodeConfig,
  type RaftTransport,
  type Random,
  type RestoredState,
} from "@raftkv/raft-core";
import { gatedStorage } from "./gated-storage.ts";
import { clockOf } from "./manual-clock.ts";
import { type StorageFault, StorageGate } from "./storage-fault.ts";

export interface MachineOptions {
  readonly id: number;
  readonly package: StoragePackage;
  readonly dataDir: string;
  /** The cluster that it founds. */
  readonly membership: Membership;
  readonly config: Partial<RaftNodeConfig>;
  readonly clock: Clock;
  readonly random: Random;
  readonly fault: StorageFault;
  /** A fresh one for each process. */
  readonly transport: () => RaftTransport;
}

interface Running {
  readonly node: RaftNode<ApplyResult>;
  readonly state: KvStateMachine;
}

/** One process, from its start to its end. */
interface Process {
  readonly gate: StorageGate;
  alive: boolean;
  running: Running | undefined;
  /** What its log held when it came up. */
  restored: RestoredState | undefined;
  transport: RaftTransport | undefined;
  /** Closes the real stores underneath. */
  letGo: (() => Promise<unknown>) | undefined;
  /** Closes the log, as the last thing of all. */
  closeRaft: (() => Promise<void>) | undefined;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A machine with a disk that stays: the real node runs on it, one process after the other. */
export class Machine {
  readonly id: number;
  readonly #options: MachineOptions;
  #process: Process | undefined;
  /** While the process before lets go of its storage. */
  #releasing: Promise<unknown> | undefined;

  constructor(options: MachineOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** Undefined while no process is up. */
  get running(): Running | undefined {
    return this.#process?.running;
  }

  /** What its log held when the present process came up. */
  get restored(): RestoredState | undefined {
    return this.#process?.restored;
  }

  get down(): boolean {
    return this.#process === undefined;
  }

  /** Resolves when the calls that are with the real storage by now have come back; undefined: there are none. */
  get atWork(): Promise<unknown> | undefined {
    return this.#releasing ?? this.#process?.gate.atWork;
  }

  start(): void {
    if (this.#process !== undefined) return;
    const process: Process = {
      gate: new StorageGate(this.#options.fault, () => this.#end(process)),
      alive: true,
      running: undefined,
      restored: undefined,
      transport: undefined,
      letGo: undefined,
      closeRaft: undefined,
    };
    this.#process = process;
    this.#bringUp(process).catch(() => this.#end(process));
  }

  /** As kill -9: what is with the storage by now becomes durable, and nothing after it. */
  crash(): void {
    if (this.#process !== undefined) this.#end(this.#process);
  }

  /** Closed in order. Resolves when the process is gone, in order or not. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process?.running === undefined) return;
    const { node, state } = process.running;
    process.running = undefined;
    try {
      await node.close();
      await state.close();
      await process.closeRaft?.();
    } finally {
      this.#end(process);
    }
  }

  /** Resolves once no process of this machine has anything to do with the disk any more. */
  async released(): Promise<void> {
    await this.#releasing;
  }

  async #bringUp(process: Process): Promise<void> {
    const { id, membership, config, clock, random, dataDir } = this.#options;
    await this.#releasing;
    const onFailure = (): void => this.#end(process);
    const storage = await process.gate.pass("open", async () => {
      const opened = await this.#options.package.open({
        dataDir,
        nodeId: id,
        newMemberId: () => `member-${id}`,
        onFailure,
      });
      process.letGo = () => Promise.allSettled([opened.raft.close(), opened.state.close()]);
      return opened;
    });
    const { raft, state } = gatedStorage(storage, process.gate);
    if (raft.identity().clusterId === undefined) await raft.form("cluster", membership);
    process.restored = await raft.load();
    const ownClock = clockOf(clock, () => process.alive);
    const stateMachine = await KvStateMachine.open({ store: state, clock: ownClock, merge: { intervalMs: 50 } });
    process.transport = this.#options.transport();
    const surroundings = { transport: process.transport, clock: ownClock, random, logger: silent };
    const node = await RaftNode.start({ storage: raft, stateMachine, ...surroundings, config, onFailure });
    process.closeRaft = () => raft.close();
    if (process.alive) process.running = { node, state: stateMachine };
  }

  #end(process: Process): void {
    if (!process.alive) return;
    process.alive = false;
    process.running = undefined;
    process.gate.shut();
    void process.transport?.close();
    if (this.#process === process) this.#process = undefined;
    const releasing = this.#release(process).finally(() => {
      if (this.#releasing === releasing) this.#releasing = undefined;
    });
    this.#releasing = releasing;
  }

  /** What was on its way to the disk before the end gets there. */
  async #release(process: Process): Promise<void> {
    await process.gate.atWork;
    await process.letGo?.();
  }
}
