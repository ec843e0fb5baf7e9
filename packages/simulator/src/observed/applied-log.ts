import type { Entry, Index } from "@raftkv/raft-core";
import { StoreReplay } from "../history/replay/store-replay.ts";
import type { Observation } from "../invariants/observation.ts";
import { LogReplay } from "./log-replay.ts";
import { StoreHistory } from "./store-history.ts";

/** An entry, with what whoever came first to it answered, and when that was. */
export interface Applied {
  readonly entry: Entry;
  readonly result: string;
  readonly atMs: number;
  /** Sooner nobody can have seen what it made: a state may be read while it is being applied. */
  readonly committedMs: number;
}

/**
 * Every entry that was applied anywhere, in order, with what whoever came first to it answered. What a node had made
 * durable when it crashed, before it had answered, is known once another node comes to it.
 */
export class AppliedLog {
  readonly #applied: Applied[] = [];
  /** Above the first that nobody has answered yet. */
  readonly #ahead = new Map<Index, Applied>();
  /** When a node first knew the entry of that index to be committed; of those at hand. */
  readonly #committedMs: number[] = [0];
  #highestIndex: Index = 0;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Up to here, somebody has applied the log. */
  get lastIndex(): Index {
    return this.#applied.length;
  }

  /** The highest that anybody has applied. */
  get highestIndex(): Index {
    return this.#highestIndex;
  }

  observe(observation: Observation): void {
    if (observation.kind === "status") this.#commits(observation.status.commit);
    if (observation.kind !== "applied") return;
    for (const [position, entry] of observation.entries.entries()) {
      this.#highestIndex = Math.max(this.#highestIndex, entry.index);
      if (entry.index <= this.lastIndex || this.#ahead.has(entry.index)) continue;
      const result = observation.results[position] ?? "";
      const atMs = this.#nowMs();
      this.#ahead.set(entry.index, { entry, result, atMs, committedMs: this.#committedMs[entry.index] ?? atMs });
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#ahead.delete(next.entry.index);
      this.#applied.push(next);
    }
  }

  /** False: nobody has answered one of the entries, and who came after it came by a snapshot. */
  get isWhole(): boolean {
    return this.#ahead.size === 0;
  }

  #commits(commit: Index): void {
    while (this.#committedMs.length <= commit) this.#committedMs.push(this.#nowMs());
  }

  #next(): Applied | undefined {
    return this.#ahead.get(this.lastIndex + 1);
  }

  /** What that made of the store, reckoned by models. `wrong`: where answers are not what the models say; all after it is worth nothing. */
  replay(): { readonly history: StoreHistory; readonly wrong: LogReplay["wrong"] } {
    const replay = new LogReplay();
    for (const applied of this.#applied) {
      replay.apply(applied);
      if (replay.wrong !== undefined) break;
    }
    const { written, moments, transactions, refused, leases, wrong } = replay;
    const store = new StoreReplay(written);
    const history = new StoreHistory({ replay: store, moments, transactions, refused, leases: leases.lives });
    return { history, wrong };
  }
}
