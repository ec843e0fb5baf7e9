import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { AppProcess } from "./app-process.ts";
import type { TestCluster } from "./test-cluster.ts";

export const disturbances = [
  /** A node crashes, and is started again. */
  "crashNode",
  /** A node stands still for a while. */
  "pauseNode",
  /** The nodes are split in two. */
  "partitionNodes",
  /** A process of the application stands still for a while: a garbage collection, a suspended machine. */
  "pauseProcess",
  /** A process of the application is cut off from all nodes. */
  "isolateProcess",
  /** The time of day of a process jumps. */
  "clockJump",
] as const;
export type DisturbanceKind = (typeof disturbances)[number];

export interface DisturbOptions {
  /** All unless told. Each run uses a random half of them. */
  readonly kinds?: readonly DisturbanceKind[];
  /** The mean time from one to the next, in simulated milliseconds. Default 500. */
  readonly meanIntervalMs?: number;
  /** How long each lasts at most. Default 3,000. */
  readonly maxDurationMs?: number;
}

/** Things that go wrong at random, each mended after a while. */
export class Disturbance {
  readonly #cluster: TestCluster;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #kinds: readonly DisturbanceKind[];
  readonly #meanIntervalMs: number;
  readonly #maxDurationMs: number;
  #ended = false;

  constructor(cluster: TestCluster, scheduler: Scheduler, chance: Chance, options: DisturbOptions) {
    const kinds = options.kinds ?? disturbances;
    const half = chance.subset(kinds);
    this.#cluster = cluster;
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#kinds = half.length > 0 ? half : kinds;
    this.#meanIntervalMs = options.meanIntervalMs ?? 500;
    this.#maxDurationMs = options.maxDurationMs ?? 3_000;
    this.#next();
  }

  end(): void {
    this.#ended = true;
  }

  #next(): void {
    this.#scheduler.after(this.#chance.exponential(this.#meanIntervalMs), () => {
      if (this.#ended) return;
      const kind = this.#chance.pick(this.#kinds);
      if (kind !== undefined) this.#bringAbout(kind);
      this.#next();
    });
  }

  #bringAbout(kind: DisturbanceKind): void {
    const node = this.#node();
    const process = this.#chance.pick(this.#cluster.processes.filter(({ alive }) => alive));
    switch (kind) {
      case "crashNode":
        this.#cluster.crash(node);
        this.#later(() => this.#cluster.restart(node));
        return;
      case "pauseNode":
        this.#cluster.pause(node);
        this.#later(() => this.#cluster.resume(node));
        return;
      case "partitionNodes":
        this.#split();
        return;
      default:
        if (process !== undefined) this.#disturb(kind, process);
    }
  }

  #disturb(kind: "pauseProcess" | "isolateProcess" | "clockJump", process: AppProcess): void {
    switch (kind) {
      case "pauseProcess":
        process.pause();
        this.#later(() => process.resume());
        return;
      case "isolateProcess":
        this.#cluster.isolate(process);
        this.#later(() => this.#cluster.heal());
        return;
      case "clockJump": {
        const ms = Math.round(this.#chance.between(-2, 2) * this.#maxDurationMs);
        this.#cluster.note(`the clock of ${process.name} jumps by ${ms} ms`);
        process.clock.jump(ms);
      }
    }
  }

  /** The leader half of the time. */
  #node(): number {
    const { leader, nodes } = this.#cluster;
    return (this.#chance.happens(0.5) ? leader : undefined) ?? this.#chance.pick(nodes) ?? 1;
  }

  #split(): void {
    const nodes = this.#chance.shuffle(this.#cluster.nodes);
    const at = this.#chance.integer(1, Math.max(1, nodes.length - 1));
    this.#cluster.partition(nodes.slice(0, at), nodes.slice(at));
    this.#later(() => this.#cluster.heal());
  }

  #later(mend: () => void): void {
    this.#scheduler.after(this.#chance.between(0, this.#maxDurationMs), () => {
      if (!this.#ended) mend();
    });
  }
}
