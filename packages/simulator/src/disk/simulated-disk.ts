import type { Storage, StorageOptions } from "@raftkv/kv-server";
import { type DiskOperation, MemoryDisk } from "@raftkv/storage-memory";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { slowToReadLog, slowToReadState } from "./slow-reads.ts";

/** How a disk behaves. Milliseconds. */
export interface DiskSettings {
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
  /** The probability that a sync takes up to `stallMaxMs`. */
  readonly stallRate: number;
  readonly stallMaxMs: number;
  /** How long reading takes at most; 0: no time at all. A read stalls as a sync does. */
  readonly readMaxMs: number;
}

interface SimulatedDiskOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly settings: DiskSettings;
}

/**
 * The disk of one machine. What was written is apart from what was synced: a write that has not been acknowledged when
 * its process crashes is lost, or is there all the same, but never without those before it.
 */
export class SimulatedDisk {
  readonly #options: SimulatedDiskOptions;
  #disk: MemoryDisk;
  #settings: DiskSettings;
  #owner: Process | undefined;
  #failing = false;
  #fullUntilMs = 0;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#disk = this.#blank();
  }

  /** Nothing can be written. */
  get isFull(): boolean {
    return this.#options.scheduler.nowMs < this.#fullUntilMs;
  }

  async open(owner: Process, options: StorageOptions): Promise<Storage> {
    this.#owner = owner;
    this.#failing = false;
    const storage = await this.#disk.open(options);
    if (this.#settings.readMaxMs === 0) return storage;
    const { raft, state } = storage;
    return {
      raft: slowToReadLog(raft, () => this.#read(owner)),
      state: slowToReadState(state, () => this.#read(owner)),
    };
  }

  /** The owner is gone. */
  crash(): void {
    const { chance, trace, name } = this.#options;
    const surviving = { raft: survivors(chance), state: survivors(chance), snapshots: survivors(chance) };
    const counts = `${surviving.raft}, ${surviving.snapshots} and ${surviving.state}`;
    trace.add(`${name} disk: of what is under way at most ${counts} writes of log, snapshots and state survive`);
    this.#disk.crash(surviving);
    this.#owner = undefined;
  }

  /** Everything on it is gone; it has no owner. */
  wipe(): void {
    this.#options.trace.add(`${this.#options.name} disk: is replaced by a blank one`);
    this.#disk = this.#blank();
    this.#failing = false;
  }

  /** The next sync fails. */
  failNext(): void {
    this.#failing = true;
  }

  /** No space is left for so long. */
  fill(forMs: number): void {
    this.#fullUntilMs = this.#options.scheduler.nowMs + forMs;
  }

  behave(settings: DiskSettings): void {
    this.#settings = settings;
    this.#failing = false;
    this.#fullUntilMs = 0;
  }

  #blank(): MemoryDisk {
    return new MemoryDisk({ beforeWrite: (operation) => this.#sync(operation) });
  }

  #sync({ store, kind }: DiskOperation): Promise<void> {
    const { scheduler, trace, name } = this.#options;
    const owner = this.#owner;
    if (owner?.mayAct(kind) !== true) return never();
    const fails = this.#failing || this.isFull;
    this.#failing = false;
    return new Promise((resolve, reject) => {
      scheduler.after(this.#delayMs(), () =>
        owner.enter(() => {
          trace.add(`${name} disk: ${store} ${kind} ${fails ? "fails" : "is durable"}`);
          if (fails) reject(new Error(this.isFull ? "no space left on device" : "input/output error"));
          else resolve();
        }),
      );
    });
  }

  /** Resolves when the disk has what is asked for. */
  #read(owner: Process): Promise<void> {
    const { scheduler, chance } = this.#options;
    const { readMaxMs, stallRate, stallMaxMs } = this.#settings;
    const delayMs = chance.happens(stallRate) ? chance.between(0, stallMaxMs) : chance.between(0, readMaxMs);
    return new Promise((resolve) => scheduler.after(delayMs, () => owner.enter(resolve)));
  }

  #delayMs(): number {
    const { chance } = this.#options;
    const { syncMinMs, syncMaxMs, stallRate, stallMaxMs } = this.#settings;
    return chance.happens(stallRate) ? chance.between(0, stallMaxMs) : chance.between(syncMinMs, syncMaxMs);
  }
}

/** Mostly what is under way is lost, or the first of it survives; rarely more. */
function survivors(chance: Chance): number {
  return chance.happens(0.5) ? 0 : chance.integer(1, 4);
}

/** Each time another one: what waits for a promise is kept as long as the promise, and with it the whole simulation. */
function never(): Promise<never> {
  return new Promise(() => {});
}
