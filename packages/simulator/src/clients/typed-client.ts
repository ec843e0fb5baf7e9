import { type KeyValue, RaftKv, RaftKvError, type RaftKvOptions, type ReadOptions } from "@raftkv/kv-client";
import type { ClientNetwork } from "../client-network/client-network.ts";
import type { Outcome } from "../history/history-recorder.ts";
import type { KeyCall } from "../history/models/key-value-model.ts";
import type { Process } from "../machine/process.ts";
import { ProcessClock } from "../machine/process-clock.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";

interface TypedClientOptions {
  readonly name: string;
  readonly process: Process;
  readonly network: ClientNetwork;
  /** Some of them, in any order: the client learns of the others. */
  readonly endpoints: () => readonly string[];
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly sessionTtlMs: number;
  readonly patienceMs: number;
  /** Whether the nodes may read by lease. */
  readonly leases: boolean;
}

/** An application with a real `RaftKv`: gets, puts and deletes of single keys. */
export class TypedClient {
  readonly #options: TypedClientOptions;
  readonly #clock: ProcessClock;
  #kv: RaftKv;
  /** That the present client was set up with. */
  #endpoints: readonly string[] = [];
  readonly #closing: Promise<void>[] = [];

  constructor(options: TypedClientOptions) {
    const { scheduler, chance, process } = options;
    this.#options = options;
    this.#clock = new ProcessClock({
      scheduler,
      startMs: chance.between(0, 1_000_000),
      latenessMs: () => chance.between(0, 0.2),
      enter: (run) => process.enter(run),
    });
    this.#kv = this.#connect(options.endpoints());
  }

  /** The present one. */
  get kv(): RaftKv {
    return this.#kv;
  }

  /** False: its process stands still. */
  get isAwake(): boolean {
    return !this.#options.process.paused;
  }

  /** One call of the application. Now and then it is given up early, or the client is closed under it. */
  perform(key: string, call: KeyCall): Promise<Outcome> {
    const { chance, patienceMs } = this.#options;
    const draw = chance.next();
    if (draw < 0.03) return this.#givenUp(key, call);
    const outcome = this.#call(key, call);
    if (draw < 0.04) this.#replace(chance.happens(0.5) ? chance.between(1, patienceMs) : 0);
    return outcome;
  }

  /** One of many at a time. */
  performOnce(key: string, call: KeyCall): Promise<Outcome> {
    return this.#call(key, call);
  }

  /**
   * Writes to a key that nobody else writes to, and reads it back from that revision on, at any node. Throws what is wrong
   * with what was read.
   */
  async readsWhatItWrote(key: string, value: string): Promise<void> {
    const kv = this.#kv;
    const put = await settled(kv.put(key, value));
    if (put === undefined) return;
    const { revision } = put;
    await this.#sees(kv, { key, value, revision }, { minRevision: revision });
    await this.#sees(kv, { key, value, revision }, { minRevision: revision, consistency: "linearizable" });
  }

  /** If all nodes that it was set up with are gone for good, it is set up anew: no client could know where others are. */
  reconfigureUnlessAmong(addresses: readonly string[]): void {
    if (!this.#endpoints.some((address) => addresses.includes(address))) this.#replace(0, addresses);
  }

  /** Nothing comes of it, or of those before it, any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#closing, this.#kv.close()]);
  }

  async #sees(
    kv: RaftKv,
    wrote: { key: string; value: string; revision: number },
    options: ReadOptions,
  ): Promise<void> {
    const { key, value, revision } = wrote;
    const read = await settled(kv.get(key, options).then((entry) => ({ entry })));
    if (read === undefined || (read.entry?.modRevision === revision && read.entry.text === value)) return;
    throw new Error(
      `${key} was written as ${value} at revision ${revision}, and a read with ${JSON.stringify(options)} gave ` +
        `${read.entry === undefined ? "nothing" : `${read.entry.text} of revision ${read.entry.modRevision}`}`,
    );
  }

  async #givenUp(key: string, call: KeyCall): Promise<Outcome> {
    const { scheduler, chance } = this.#options;
    const abort = new AbortController();
    scheduler.after(chance.spread(0.1, 100), () => this.#options.process.enter(() => abort.abort()));
    return this.#call(key, call, abort.signal);
  }

  async #call(key: string, call: KeyCall, signal?: AbortSignal): Promise<Outcome> {
    const kv = this.#kv;
    const options = signal === undefined ? {} : { signal };
    try {
      if (call.kind === "get") {
        const entry = await kv.get(key, { ...options, consistency: this.#byLease() ? "lease" : "linearizable" });
        return { kind: "answered", answer: found(entry) };
      }
      if (call.kind === "delete") {
        const { deleted } = await kv.delete(key, options);
        return { kind: "answered", answer: { kind: "deleted", deleted } };
      }
      const { revision } = await kv.put(key, call.value, options);
      return { kind: "answered", answer: { kind: "put", revision } };
    } catch (error) {
      if (!(error instanceof RaftKvError) || error.code === "INTERNAL") throw error;
      return { kind: error.outcomeUnknown ? "unknown" : "nothing" };
    }
  }

  #byLease(): boolean {
    return this.#options.leases && this.#options.chance.happens(0.5);
  }

  /** As an application that is started anew, or in an orderly way. */
  #replace(timeoutMs: number, endpoints = this.#options.endpoints()): void {
    const former = this.#kv;
    this.#kv = this.#connect(endpoints);
    this.#closing.push(former.close({ timeoutMs: Math.max(timeoutMs, 0.01) }));
  }

  #connect(endpoints: readonly string[]): RaftKv {
    const { chance, network, name, process, scheduler, sessionTtlMs, patienceMs } = this.#options;
    this.#endpoints = chance.shuffle(endpoints).slice(0, chance.integer(1, endpoints.length));
    const readFrom = chance.pick(["leader", "leader", "any", chance.pick(endpoints) ?? "any"]);
    const options: RaftKvOptions = {
      endpoints: this.#endpoints,
      timeoutMs: patienceMs,
      sessionTtlMs,
      ...(readFrom !== undefined && { readFrom }),
      maxInflightBatches: chance.integer(1, 4),
      maxBatchOperations: chance.pick([1, 3, 512]) ?? 512,
      clock: this.#clock,
      random: () => chance.next(),
      endOfTurn: (callback) => scheduler.after(0, () => process.enter(callback)),
      connect: network.connector({ name, process }),
    };
    return new RaftKv(options);
  }
}

function found(entry: KeyValue | undefined): Extract<Outcome, { kind: "answered" }>["answer"] {
  if (entry === undefined) return { kind: "absent" };
  return { kind: "found", value: entry.text, version: entry.version, modRevision: entry.modRevision };
}

/** Undefined where there was no answer. */
async function settled<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RaftKvError && error.code !== "INTERNAL" && error.code !== "FUTURE_REVISION") return undefined;
    throw error;
  }
}
