import type { ReadOutcome } from "../algorithm/effects.ts";
import type { Index } from "../algorithm/entry.ts";
import type { ReadId } from "../algorithm/input.ts";
import type { Freshness, Moment } from "./freshness.ts";
import { RaftError } from "./raft-error.ts";

interface Waiter {
  resolve(index: Index): void;
  reject(error: unknown): void;
}

/** Reads that share one question to the leader: all that were asked between two turns. */
interface ReadGroup {
  readonly id: ReadId;
  /** When it was opened; those who join it come later. */
  readonly askedAt: Moment;
  readonly waiters: Set<Waiter>;
}

interface ReadsOptions {
  readonly maxPending: number;
  readonly ask: (id: ReadId) => void;
  readonly cancel: (id: ReadId) => void;
  readonly applied: () => Index;
  readonly freshness: Freshness;
}

/** Calls to `readIndex` that have no answer yet: first for the index, then for the state machine to reach it. */
export class Reads {
  readonly #options: ReadsOptions;
  #lastId: ReadId = 0;
  #pending = 0;
  /** Still open for others to join: its question has not been put to the algorithm. */
  #gathering: ReadGroup | undefined;
  readonly #asked = new Map<ReadId, ReadGroup>();
  #applying: { readonly group: Pick<ReadGroup, "waiters">; readonly index: Index; readonly askedAt?: Moment }[] = [];

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  add(signal: AbortSignal | undefined): Promise<Index> {
    const refusal = this.#refusal(signal);
    if (refusal !== undefined) return Promise.reject(refusal.reason);
    const group = this.#openGroup();
    return this.#wait(group, signal, () => this.#abandon(group));
  }

  /** Resolves once the state machine has reached `index`. */
  reached(index: Index, signal: AbortSignal | undefined): Promise<Index> {
    if (index <= this.#options.applied()) return Promise.resolve(index);
    const refusal = this.#refusal(signal);
    if (refusal !== undefined) return Promise.reject(refusal.reason);
    const group = { waiters: new Set<Waiter>() };
    this.#applying.push({ group, index });
    return this.#wait(group, signal, () => this.#stopApplying(group));
  }

  #refusal(signal: AbortSignal | undefined): { readonly reason: unknown } | undefined {
    if (signal?.aborted) return { reason: signal.reason };
    return this.#pending >= this.#options.maxPending ? { reason: tooManyReads(this.#pending) } : undefined;
  }

  #wait(group: Pick<ReadGroup, "waiters">, signal: AbortSignal | undefined, abandoned: () => void): Promise<Index> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (!group.waiters.delete(waiter)) return;
        waiter.reject(signal?.reason);
        if (group.waiters.size === 0) abandoned();
      };
      const settled = () => {
        this.#pending -= 1;
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        resolve: (index) => {
          settled();
          resolve(index);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      this.#pending += 1;
      group.waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * A turn puts the open question to the algorithm: whoever comes later must not join it, because the proof of
   * leadership has to begin after a read arrived (dissertation, section 6.4).
   */
  turnBegins(): void {
    this.#gathering = undefined;
  }

  settle(outcome: ReadOutcome): void {
    const group = this.#asked.get(outcome.id);
    if (group === undefined) return;
    this.#asked.delete(outcome.id);
    if (outcome.kind === "dropped") rejectGroup(group, noLeader());
    else if (outcome.index <= this.#options.applied()) this.#resolve(group, outcome.index, group.askedAt);
    else this.#applying.push({ group, index: outcome.index, askedAt: group.askedAt });
  }

  applied(through: Index): void {
    if (this.#applying.length === 0) return;
    const ready = this.#applying.filter((read) => read.index <= through);
    if (ready.length === 0) return;
    this.#applying = this.#applying.filter((read) => read.index > through);
    for (const { group, index, askedAt } of ready) this.#resolve(group, index, askedAt);
  }

  rejectAll(error: RaftError): void {
    const groups = [...this.#asked.values(), ...this.#applying.map((read) => read.group)];
    this.#gathering = undefined;
    this.#asked.clear();
    this.#applying = [];
    for (const group of groups) rejectGroup(group, error);
  }

  #openGroup(): ReadGroup {
    if (this.#gathering !== undefined) return this.#gathering;
    this.#lastId += 1;
    const group: ReadGroup = { id: this.#lastId, askedAt: this.#options.freshness.asks(), waiters: new Set() };
    this.#gathering = group;
    this.#asked.set(group.id, group);
    this.#options.ask(group.id);
    return group;
  }

  #abandon(group: ReadGroup): void {
    // Others may still join a gathering group, so its question stands; the answer then finds nobody, which is harmless.
    if (group === this.#gathering) return;
    this.#stopApplying(group);
    if (this.#asked.delete(group.id)) this.#options.cancel(group.id);
  }

  #stopApplying(group: Pick<ReadGroup, "waiters">): void {
    this.#applying = this.#applying.filter((read) => read.group !== group);
  }

  #resolve({ waiters }: Pick<ReadGroup, "waiters">, index: Index, askedAt: Moment | undefined): void {
    if (askedAt !== undefined) this.#options.freshness.reached(askedAt);
    for (const waiter of waiters) waiter.resolve(index);
    waiters.clear();
  }
}

function rejectGroup(group: Pick<ReadGroup, "waiters">, error: RaftError): void {
  for (const waiter of group.waiters) waiter.reject(error);
  group.waiters.clear();
}

function noLeader(): RaftError {
  return new RaftError("notLeader", "nobody leads just now, so a linearizable read cannot be served: try again");
}

function tooManyReads(pending: number): RaftError {
  return new RaftError("overloaded", `${pending} reads are waiting already: try again after a while`);
}
