import { keyBytes, toBytes } from "../bytes.ts";
import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import { RaftKvError } from "../error.ts";
import type { KeyValue } from "../key-value.ts";
import type { Namespace } from "../namespace.ts";
import { putRequest } from "../write-request.ts";
import { Held } from "./held.ts";
import { checkName, type QueueOptions, waitInLine } from "./queue.ts";

export interface CampaignOptions extends QueueOptions {}

/** Leading, as far as this client knows: until it resigns, or is lost. As with a lock, what it writes needs its `fence`. */
export class Leadership extends Held {
  readonly #calls: Calls;

  /** Not for applications: `campaign` of an election makes them. */
  constructor(calls: Calls, ...[name, turn]: ConstructorParameters<typeof Held>) {
    super(name, turn);
    this.#calls = calls;
  }

  /** Tells whoever observes a new value. FENCED where another leads by now. */
  async proclaim(value: string | Uint8Array, options: CallOptions = {}): Promise<void> {
    const { key, lease, fence } = this.turn;
    await this.#calls.write(putRequest(keyBytes(key), toBytes(value, "value"), { lease, fence }), options);
  }

  /** Lets the next lead. LEASE_NOT_FOUND where the leadership was lost before. */
  resign(options: CallOptions = {}): Promise<void> {
    return this.end(options);
  }
}

/** Candidates, of whom one leads: whoever came first, and after that one the next. */
export class Election {
  readonly name: string;
  readonly #calls: Calls;
  readonly #namespace: Namespace;

  /** Got as `election(name)` of a client or namespace. */
  constructor(namespace: Namespace, calls: Calls, name: string) {
    checkName("election", name);
    this.name = name;
    this.#namespace = namespace;
    this.#calls = calls;
  }

  /** Waits for its turn, and leads from then on, with that value for whoever observes. Rejects as `lock` does. */
  async campaign(value: string | Uint8Array, options: CampaignOptions = {}): Promise<Leadership> {
    const candidate = { what: "election", name: this.name, value: toBytes(value, "value") };
    return new Leadership(this.#calls, this.name, await waitInLine(this.#calls, candidate, options));
  }

  /**
   * Who leads now: the `value` that was proclaimed last, and as `createRevision` the token of the leader's fence. Undefined:
   * nobody.
   */
  async leader(options: CallOptions = {}): Promise<KeyValue | undefined> {
    const range = { ...options, prefix: this.#prefix, sortBy: "createRevision", limit: 1 } as const;
    for await (const entry of this.#namespace.range(range)) return entry;
    return undefined;
  }

  /**
   * Who leads now, and then each leader and each value that is proclaimed, without a gap; undefined while nobody leads. Goes
   * on until it is left, or `signal` fires (ABORTED).
   */
  async *observe({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<KeyValue | undefined, void> {
    let told: string | undefined;
    for (;;) {
      const places = new Map<string, KeyValue>();
      try {
        const options = signal === undefined ? {} : { signal };
        for await (const change of this.#namespace.observe({ prefix: this.#prefix }, options)) {
          if (change.kind === "put" || change.kind === "present") places.set(idOf(change.entry), change.entry);
          if (change.kind === "delete") places.delete(idOf(change));
          if (change.kind === "present") continue;
          const leader = firstOf(places.values());
          const news = leader === undefined ? "nobody" : `${leader.createRevision} ${leader.modRevision}`;
          if (told === news) continue;
          told = news;
          yield leader;
        }
        return;
      } catch (error) {
        // Whoever iterates came too late for what was written meanwhile: who leads now it shall hear all the same.
        if (!(error instanceof RaftKvError) || error.code !== "COMPACTED") throw error;
      }
    }
  }

  get #prefix(): string {
    return `${this.name}/`;
  }
}

function idOf({ keyBytes }: { readonly keyBytes: Uint8Array }): string {
  return Buffer.from(keyBytes).toString("latin1");
}

function firstOf(places: Iterable<KeyValue>): KeyValue | undefined {
  let first: KeyValue | undefined;
  for (const place of places) if (first === undefined || place.createRevision < first.createRevision) first = place;
  return first;
}
