import { RaftKv, type RaftKvOptions } from "@raftkv/kv-client";
import type { ClientNetwork } from "../client-network/client-network.ts";
import { Process } from "../machine/process.ts";
import { ProcessClock } from "../machine/process-clock.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { AppClock, FlowingClock } from "./app-clock.ts";
import type { TimeFlow } from "./time-flow.ts";

export interface AppProcessOptions {
  /** For the trace, and for messages. `process 1`, `process 2` … unless told. */
  readonly name?: string;
  /** How wrong its time of day is at the start. Default 0. */
  readonly clockOffsetMs?: number;
  /** How fast its clock runs. Default 1. */
  readonly clockRate?: number;
  /** Options of its client; where and when it is has been decided. */
  readonly client?: Partial<Omit<RaftKvOptions, "clock" | "random" | "endOfTurn" | "connect">>;
}

/** What a process of the application is put into. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly flow: TimeFlow;
  readonly network: ClientNetwork;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly endpoints: readonly string[];
  /** The time of day at the start. */
  readonly startMs: number;
}

/**
 * One process of the application under test, as if on a machine of its own: with a client, a clock and chance. It can be
 * paused, crash, and be cut off.
 */
export class AppProcess {
  readonly name: string;
  /** A real client, over the simulated network. */
  readonly kv: RaftKv;
  /** Instead of `Date.now` and `setTimeout`. */
  readonly clock: AppClock;
  /** Instead of `Math.random`: uniform in [0, 1). */
  readonly random: () => number;
  readonly #surroundings: Surroundings;
  readonly #process: Process;
  readonly #flowing: FlowingClock;

  constructor(name: string, surroundings: Surroundings, options: AppProcessOptions) {
    const { scheduler, flow, network, chance, endpoints, startMs } = surroundings;
    const process = new Process(scheduler, () => {});
    const enter = (run: () => void) => process.enter(run);
    this.name = name;
    this.#surroundings = surroundings;
    this.#process = process;
    this.#flowing = new FlowingClock(
      new ProcessClock({ scheduler, startMs: scheduler.nowMs, latenessMs: () => 0, enter }),
      flow,
    );
    this.clock = new AppClock(this.#flowing, startMs + (options.clockOffsetMs ?? 0));
    this.clock.setRate(options.clockRate ?? 1);
    this.random = () => chance.next();
    this.kv = new RaftKv({
      endpoints,
      ...options.client,
      clock: this.#flowing,
      random: this.random,
      endOfTurn: (callback) => scheduler.after(0, () => enter(callback)),
      connect: network.connector({ name, process }),
    });
  }

  get paused(): boolean {
    return this.#process.paused;
  }

  /** False once it has crashed. */
  get alive(): boolean {
    return this.#process.alive;
  }

  /**
   * Stands still, as in a long garbage collection or on a suspended machine: its timers and answers wait. Whatever it is at
   * goes on up to its next `await`.
   */
  pause(): void {
    if (this.paused || !this.alive) return;
    this.#surroundings.trace.add(`${this.name} is paused`);
    this.#process.pause();
  }

  /** Goes on: all that it has missed happens now. */
  resume(): void {
    if (!this.paused) return;
    this.#surroundings.trace.add(`${this.name} goes on`);
    this.#process.resume();
  }

  /** As kill -9: whatever it waits for never comes, and its promises are never settled. */
  crash(): void {
    if (!this.alive) return;
    this.#surroundings.trace.add(`${this.name} crashes`);
    this.#process.end();
    this.#flowing.end();
    this.#surroundings.network.detachClient(this.#process);
  }
}
