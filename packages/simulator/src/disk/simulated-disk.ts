import type { Storage, StorageOptions } from "@raftkv/kv-server";
import { type DiskOperation, MemoryDisk } from "@raftkv/storage-memory";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";

/** How a disk behaves. Milliseconds. */
export interface DiskSettings {
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
  /** The probability that a sync takes up to `stallMaxMs`. */
  readonly stallRate: number;
  readonly stallMaxMs: number;
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

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#disk = this.#blank();
  }

  open(owner: Process, options: StorageOptions): Promise<Storage> {
    this.#owner = owner;
    this.#failing = false;
    return this.#disk.open(options);
  }

  /** The owner is gone. */
  crash(): void {
    const { chance, trace, name } = this.#options;
    const surviving = { raft: survivors(chance), state: survivors(chance) };
    trace.add(`${name} disk: at most ${surviving.raft} and ${surviving.state} writes under way survive`);
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

  behave(settings: DiskSettings): void {
    this.#settings = settings;
    this.#failing = false;
  }

  #blank(): MemoryDisk {
    return new MemoryDisk({ beforeWrite: (operation) => this.#sync(operation) });
  }

  #sync({ store, kind }: DiskOperation): Promise<void> {
    const { scheduler, trace, name } = this.#options;
    const owner = this.#owner;
    if (owner?.mayAct(kind) !== true) return forever;
    const fails = this.#failing;
    this.#failing = false;
    return new Promise((resolve, reject) => {
      scheduler.after(this.#delayMs(), () =>
        owner.enter(() => {
          trace.add(`${name} disk: ${store} ${kind} ${fails ? "fails" : "is durable"}`);
          if (fails) reject(new Error("input/output error"));
          else resolve();
        }),
      );
    });
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

const forever = new Promise<never>(() => {});
