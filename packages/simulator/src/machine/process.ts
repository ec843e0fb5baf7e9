import type { Message } from "@raftkv/raft-core";
import type { DiskOperation } from "@raftkv/storage-memory";
import type { Scheduler } from "../scheduler/scheduler.ts";

/** What leaves a process: a message to a peer, a write to its disk, or an answer to a client. */
export type Effect = Message["kind"] | DiskOperation["kind"] | "answer";

/** A moment at which a process crashes: in front of the effect that comes `after` others from the first `from` on. */
export interface Fuse {
  /** Undefined: whatever comes next. */
  readonly from: Effect | undefined;
  readonly after: number;
}

/**
 * One process of a node, from start to crash. Whatever reaches it from outside (timers, messages, the disk's answers)
 * comes through `enter`, so that a dead process hears nothing any more, and a paused one hears it all when it goes on.
 */
export class Process {
  readonly #scheduler: Scheduler;
  readonly #beforeEffect: (effect: Effect) => void;
  #state: "running" | "paused" | "dead" = "running";
  #held: (() => void)[] = [];

  /** `beforeEffect` is called before anything leaves the process: it may crash it there. */
  constructor(scheduler: Scheduler, beforeEffect: (effect: Effect) => void) {
    this.#scheduler = scheduler;
    this.#beforeEffect = beforeEffect;
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  enter(run: () => void): void {
    if (this.#state === "running") run();
    else if (this.#state === "paused") this.#held.push(run);
  }

  /** True if the process lives to bring about the effect that it is about to. */
  mayAct(effect: Effect): boolean {
    if (this.#state === "dead") return false;
    this.#beforeEffect(effect);
    return this.alive;
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** What was held back comes at once, in its order, each as an event of its own. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const held = this.#held;
    this.#held = [];
    for (const run of held) this.#scheduler.after(0, () => this.enter(run));
  }

  end(): void {
    this.#state = "dead";
    this.#held = [];
  }
}
