import { setTimeout as delay } from "node:timers/promises";
import { RaftKv, RaftKvError } from "@raftkv/kv-client";
import type { HistoryRecorder, KeyCall, Outcome } from "@raftkv/simulator/history";
import { readFromNode } from "./plain-http-reader.ts";
import { seededRandom } from "./seeded-random.ts";
import { ServiceGaps } from "./service-gaps.ts";

export interface ClientLoadOptions {
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly recorder: HistoryRecorder;
  readonly seed: number;
  /** How many keys are in use at a time. */
  readonly keys: number;
  readonly timeoutMs: number;
  /** How long a client waits before its next call: anything up to that, in ms. At once unless told. */
  readonly thinkMs?: number;
  /** Called after each call of a client; `atMs` is when it was made, by `performance.now()`. */
  readonly onCall?: (call: FinishedCall) => void;
}

export interface FinishedCall {
  readonly kind: KeyCall["kind"];
  readonly outcome: Outcome["kind"];
  readonly atMs: number;
  readonly tookMs: number;
}

/**
 * Clients in closed loops, each with a `RaftKv` of its own, and one reader a node that asks that node whatever its role.
 * The keys move on with `nextKeys()`, so that the history of each stays short enough to be decided quickly.
 */
export class ClientLoad {
  /** Of the writes of all clients. */
  readonly gaps = new ServiceGaps();
  /** Calls that a client could not hide behind a retry. */
  readonly failures: string[] = [];
  readonly #options: ClientLoadOptions;
  readonly #loops: Promise<void>[];
  readonly #waiting: { readonly since: number; readonly served: (atMs: number) => void }[] = [];
  #stopped = false;
  #generation = 0;
  #values = 0;

  constructor(options: ClientLoadOptions) {
    this.#options = options;
    const writers = Array.from({ length: options.clients }, (_, id) => this.#client(id));
    const readers = options.endpoints.map((endpoint, id) => this.#reader(endpoint, id));
    this.#loops = [...writers, ...readers];
  }

  /** One more node is asked for reads, whatever its role. */
  alsoRead(endpoint: string): void {
    this.#loops.push(this.#reader(endpoint, this.#loops.length));
  }

  nextKeys(): void {
    this.#generation++;
  }

  /** Milliseconds from now to the answer of the first write that is issued from now on. */
  async serviceAgain(): Promise<number> {
    const since = performance.now();
    const servedAt = await new Promise<number>((served) => this.#waiting.push({ since, served }));
    return servedAt - since;
  }

  /** Lets each client finish what it is at. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #client(id: number): Promise<void> {
    const { endpoints, seed, timeoutMs, recorder, thinkMs = 0, onCall } = this.#options;
    const random = seededRandom(seed * 1000 + id);
    await using kv = new RaftKv({ endpoints: [...endpoints], timeoutMs });
    while (!this.#stopped) {
      const key = this.#key(random());
      const call = this.#call(random());
      const startedAt = performance.now();
      const outcome = await recorder.record(key, call, () => perform(kv, key, call), `client ${id}`);
      onCall?.({ kind: call.kind, outcome: outcome.kind, atMs: startedAt, tookMs: performance.now() - startedAt });
      if (outcome.kind !== "answered") this.failures.push(`${call.kind} ${key}: ${outcome.kind}`);
      else if (call.kind !== "get") this.#served(startedAt);
      if (thinkMs > 0) await delay(random() * thinkMs);
    }
  }

  async #reader(endpoint: string, id: number): Promise<void> {
    const random = seededRandom(this.#options.seed * 1000 + 500 + id);
    while (!this.#stopped) {
      const key = this.#key(random());
      const outcome = await this.#options.recorder.record(
        key,
        { kind: "get" },
        () => readFromNode(endpoint, key),
        `reader ${id}`,
      );
      // A node that is down refuses at once: let the others run before the next try.
      const pauseMs = outcome.kind === "answered" ? random() * (this.#options.thinkMs ?? 0) : 20;
      if (pauseMs > 0) await delay(pauseMs);
    }
  }

  #key(chance: number): string {
    return `load/${this.#generation}/${Math.floor(chance * this.#options.keys)}`;
  }

  #call(chance: number): KeyCall {
    if (chance < 0.4) return { kind: "get" };
    if (chance < 0.45) return { kind: "delete" };
    return { kind: "put", value: `v${++this.#values}` };
  }

  #served(startedAt: number): void {
    this.gaps.served();
    const ready = this.#waiting.filter((waiter) => waiter.since <= startedAt);
    for (const waiter of ready) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.served(performance.now());
    }
  }
}

/** A last read of each key, so that a loss at the very end of the history shows too. */
export async function readEveryKey(endpoints: readonly string[], recorder: HistoryRecorder): Promise<void> {
  await using kv = new RaftKv({ endpoints: [...endpoints] });
  const keys = recorder.keys();
  for (let start = 0; start < keys.length; start += 100) {
    const some = keys.slice(start, start + 100);
    await Promise.all(
      some.map((key) => recorder.record(key, { kind: "get" }, () => perform(kv, key, { kind: "get" }))),
    );
  }
}

async function perform(kv: RaftKv, key: string, call: KeyCall): Promise<Outcome> {
  try {
    switch (call.kind) {
      case "get": {
        const entry = await kv.get(key);
        if (entry === undefined) return { kind: "answered", answer: { kind: "absent" } };
        const { text: value, version, modRevision } = entry;
        return { kind: "answered", answer: { kind: "found", value, version, modRevision } };
      }
      case "put":
        return { kind: "answered", answer: { kind: "put", revision: (await kv.put(key, call.value)).revision } };
      case "delete":
        return { kind: "answered", answer: { kind: "deleted", deleted: (await kv.delete(key)).deleted } };
    }
  } catch (error) {
    if (!(error instanceof RaftKvError)) throw error;
    return { kind: error.outcomeUnknown ? "unknown" : "nothing" };
  }
}
