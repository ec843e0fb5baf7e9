import { setTimeout as delay } from "node:timers/promises";

/** One operation: when it was answered, and how long that took from when it was due. */
interface Answered {
  readonly atMs: number;
  readonly tookMs: number;
}

export interface Window {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Operations that go on until it is stopped, to be looked at by stretches of time. Times are those of `performance.now()`. */
export class SteadyLoad {
  readonly #answers: Answered[] = [];
  readonly #operation: (count: number) => Promise<unknown>;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();
  #count = 0;

  private constructor(operation: (count: number) => Promise<unknown>) {
    this.#operation = operation;
  }

  /** So many callers, each with one operation under way. */
  static closedLoop(callers: number, operation: (count: number) => Promise<unknown>): SteadyLoad {
    const load = new SteadyLoad(operation);
    const caller = async (): Promise<void> => {
      while (!load.#stopped) await load.#one(performance.now());
    };
    load.#running = Promise.all(Array.from({ length: callers }, caller));
    return load;
  }

  /** So many operations a second, whether or not those before have been answered: what had to wait is counted as late. */
  static fixedRate(perSecond: number, operation: (count: number) => Promise<unknown>): SteadyLoad {
    const load = new SteadyLoad(operation);
    const pace = async (): Promise<void> => {
      const under = new Set<Promise<void>>();
      let dueMs = performance.now();
      for (; !load.#stopped; await delay(1)) {
        for (; dueMs <= performance.now(); dueMs += 1_000 / perSecond) {
          const one = load.#one(dueMs).finally(() => under.delete(one));
          under.add(one);
        }
      }
      await Promise.all(under);
    };
    load.#running = pace();
    return load;
  }

  window(fromMs: number, toMs: number): Window {
    const took = this.#answers.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ tookMs }) => tookMs);
    took.sort((one, other) => one - other);
    const at = (share: number): number =>
      took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
    return { perSecond: took.length / ((toMs - fromMs) / 1_000), p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #one(dueMs: number): Promise<void> {
    await this.#operation(this.#count++);
    const atMs = performance.now();
    this.#answers.push({ atMs, tookMs: atMs - dueMs });
  }
}
