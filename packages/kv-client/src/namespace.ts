import { type AtRevisionOptions, atRevision, noHistory } from "./at-revision.ts";
import { keyBytes } from "./bytes.ts";
import type { CallOptions } from "./call.ts";
import type { Calls } from "./calls.ts";
import { Barrier } from "./coordination/barrier.ts";
import { Election } from "./coordination/election.ts";
import { acquireLock, type Lock, type LockOptions } from "./coordination/lock.ts";
import { Semaphore } from "./coordination/semaphore.ts";
import { type HistoryOptions, historyPages, planHistory } from "./history.ts";
import type { KeyRangeTarget } from "./key-range.ts";
import { KeySpace } from "./key-space/key-space.ts";
import { PrefixedCalls } from "./key-space/prefixed-calls.ts";
import type { KeyValue } from "./key-value.ts";
import type { PutLeaseOptions } from "./leases/put-lease.ts";
import { type KeepValueOptions, putValue } from "./put-value.ts";
import { countPages, pages, planRange, type RangeOptions } from "./range.ts";
import { type ReadNeeds, type ReadNeedsOptions, readNeeds } from "./read-needs.ts";
import { getRequest, historyRequest, type KeyWrite, type PageBounds, pageRequest } from "./read-operation.ts";
import type { Step } from "./transaction/step.ts";
import { type TransactionResult, type TransactionSpec, transactionRequest } from "./transaction/transaction.ts";
import { EntryFormat } from "./typed/entry-format.ts";
import type { KeyTypes, ValueTypes } from "./typed/entry-types.ts";
import { json } from "./typed/json.ts";
import { textKey } from "./typed/key-codec.ts";
import { TypedNamespace } from "./typed/typed-namespace.ts";
import { valueCodec } from "./typed/value-codec.ts";
import { type Observed, type ObserveOptions, observed } from "./watch/observe.ts";
import type { Watch } from "./watch/watch.ts";
import { type WatchOptions, type WatchTarget, watchPlan } from "./watch/watch-options.ts";
import type { FenceOptions, WriteOptions } from "./write-options.ts";
import { deleteRangeRequest, deleteRequest, putRequest } from "./write-request.ts";
import type { DeleteRangeResult, DeleteResult, PutResult } from "./write-results.ts";

export interface PutOptions extends WriteOptions, PutLeaseOptions, KeepValueOptions {}

export interface ReadOptions extends CallOptions, ReadNeedsOptions, AtRevisionOptions {}

/**
 * Keys that stand under a prefix, and the calls on them: keys are said and come back without it, and nothing else can be
 * reached. All namespaces of a client share its connections and its session: writes take effect in the order of the
 * calls across all of them, and revisions are the store's.
 */
export class Namespace {
  readonly #calls: Calls;

  protected constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * The keys that begin with `prefix` (in a namespace: after its own), seen without it. Nothing is added to the prefix: end
   * it with a `/`, or whatever no sibling goes on with. A key that is the prefix and no more is not in it, as keys have at
   * least one byte. Throws INVALID_ARGUMENT for an empty prefix.
   */
  namespace(prefix: string | Uint8Array): Namespace {
    return new Namespace(new PrefixedCalls(this.#calls, KeySpace.of(prefix)));
  }

  /**
   * These keys with values of one's own type: by a schema of any Standard Schema library (stored as JSON) or by a codec, and
   * with keys of one's own type where `key` has a codec of those. Throws INVALID_ARGUMENT where `value` is neither.
   */
  typed<Value, Input = Value>(types: ValueTypes<Value, Input>): TypedNamespace<Value, Input>;
  typed<Value, Input, Key, Prefix = never>(
    types: ValueTypes<Value, Input> & KeyTypes<Key, Prefix>,
  ): TypedNamespace<Value, Input, Key, Prefix>;
  typed<Value, Input, Key, Prefix>({ value, key }: ValueTypes<Value, Input> & Partial<KeyTypes<Key, Prefix>>) {
    const values = valueCodec(value);
    return key === undefined
      ? new TypedNamespace(this, new EntryFormat(textKey, values))
      : new TypedNamespace(this, new EntryFormat(key, values));
  }

  /** These keys with JSON values, which nothing checks: `typed` with a schema does. */
  json<Value>(): TypedNamespace<Value> {
    return this.typed({ value: json<Value>() });
  }

  /** The key with its value, or undefined where it does not exist. */
  async get(key: string | Uint8Array, options: ReadOptions = {}): Promise<KeyValue | undefined> {
    this.#calls.check("get", options);
    const at = atRevision(options);
    const { entry } = await this.#calls.read(getRequest(keyBytes(key), at, readNeeds(options)), options);
    if (at > 0 && entry !== undefined && entry.modRevision > at) throw noHistory("get", at);
    return entry;
  }

  /**
   * Writes one key. It lives for ever, unless `options` say how long. `value` is undefined with `keepValue`, and only then:
   * `put(key, undefined, { keepValue: true, ttlMs: 60_000 })`.
   */
  async put(
    key: string | Uint8Array,
    value: string | Uint8Array | undefined,
    options: PutOptions = {},
  ): Promise<PutResult> {
    return this.#calls.write(putRequest(keyBytes(key), putValue(value, options), options), options);
  }

  /** Removes one key; `deleted` says whether it existed. */
  async delete(key: string | Uint8Array, options: WriteOptions = {}): Promise<DeleteResult> {
    return this.#calls.write(deleteRequest(keyBytes(key), options), options);
  }

  /**
   * Removes every key that begins with a prefix, or lies between `from` and `to`, at one revision; or, with `all: true` and only
   * so, every key there is. OPERATION_TOO_LARGE where there are more than 100,000.
   */
  async deleteRange(range: KeyRangeTarget, options: WriteOptions = {}): Promise<DeleteRangeResult> {
    return this.#calls.write(deleteRangeRequest(range, options), options);
  }

  /**
   * Compares, and then reads and writes, at one moment and one revision: `do` where every comparison of `if` holds, else
   * `else`. See `key` for comparisons, and `step` for what can be done. A step sees what those before it have written.
   */
  async transaction<const Do extends readonly Step<unknown>[] = [], const Else extends readonly Step<unknown>[] = []>(
    spec: TransactionSpec<Do, Else>,
    options: CallOptions & FenceOptions = {},
  ): Promise<TransactionResult<Do, Else>> {
    return this.#calls.write(transactionRequest(spec, options), options);
  }

  /**
   * The keys that begin with a prefix, or lie between `from` and `to`, in the order of their bytes. Fetched a page at a
   * time as they are used, each with its own `timeoutMs`, and all from the revision of the first: one moment's picture,
   * however long it takes. COMPACTED where that was compacted meanwhile. (Only while some nodes of the cluster still run a
   * version without history is each page a picture of its own.) Nothing is sent before the first `next()`; argument errors
   * are thrown at once.
   */
  range(range: string | Uint8Array | RangeOptions = {}, options: RangeOptions = {}): AsyncIterable<KeyValue> {
    const all = rangeOptions(range, options);
    this.#calls.check("range", all);
    const plan = planRange(all);
    const needs = readNeeds(all);
    return pages(plan, needs, async (bounds, pageNeeds) => {
      this.#calls.check("range", all);
      return this.#calls.read(pageRequest(bounds, pageNeeds), all);
    });
  }

  /** How many keys a range has; `limit` and order mean nothing to it. Counted piece by piece, at one revision. */
  async count(range: string | Uint8Array | RangeOptions = {}, options: RangeOptions = {}): Promise<number> {
    const all = rangeOptions(range, options);
    this.#calls.check("count", all);
    return countPages(planRange(all), readNeeds(all), async (bounds, pageNeeds) => {
      this.#calls.check("count", all);
      return this.#calls.read(pageRequest(bounds, pageNeeds), all);
    });
  }

  /**
   * The writes to one key that are not compacted, newest first, back to the one that made the key what it was at the
   * earliest revision. Fetched as with `range`.
   */
  history(key: string | Uint8Array, options: HistoryOptions = {}): AsyncIterable<KeyWrite> {
    this.#calls.check("history", options);
    const bytes = keyBytes(key);
    const needs = readNeeds(options);
    return historyPages(planHistory(options), needs, async (bounds, pageNeeds) => {
      this.#calls.check("history", options);
      return this.#calls.read(historyRequest(bytes, bounds, pageNeeds), options);
    });
  }

  /**
   * Tells of changes as they are made: of one key, a prefix, or a range, from now on or from any revision that is kept. It
   * begins at once, and is served by any node, over a connection that all watches of the client share. See `Watch`.
   */
  watch(target: WatchTarget, options: WatchOptions = {}): Watch {
    this.#calls.check("watch", {});
    return this.#calls.watch(watchPlan(target, options), options);
  }

  /**
   * Waits for its turn, and holds the lock `name` from then on: whoever asked first comes first. Give what is written under
   * the lock its `fence`: a lock that is lost cannot stop the program that held it, but the store refuses what that writes.
   * Held by a lease of its own, which is kept alive until the lock is released. `await using lock = await kv.lock("name")`.
   *
   * Rejects with DEADLINE_EXCEEDED or ABORTED where it is given up, and with LEASE_LOST where the place in the queue was
   * lost: then its place goes to the next, at once, or with its lease where the cluster cannot be reached.
   */
  async lock(name: string, options: LockOptions = {}): Promise<Lock> {
    return acquireLock(this.#calls, name, options);
  }

  /**
   * A lock that up to `permits` (at most 1,000) hold at a time. Whoever uses it must say the same number. Throws
   * INVALID_ARGUMENT for an empty name, or a number that makes no sense.
   */
  semaphore(name: string, permits: number): Semaphore {
    return new Semaphore(this.#calls, name, permits);
  }

  /** What holds up whoever waits at it, until it is released. Throws INVALID_ARGUMENT for an empty name. */
  barrier(name: string): Barrier {
    return new Barrier(this.#calls, name);
  }

  /** Candidates, of whom one leads. Throws INVALID_ARGUMENT for an empty name. */
  election(name: string): Election {
    return new Election(this, this.#calls, name);
  }

  /**
   * The present entries, and then each change to them, without a gap between: what a cache or a controller lives on. Nothing
   * is sent before the first `next()`; argument errors are thrown at once. Whatever it rejects with, begin again: COMPACTED
   * says that whoever iterates came too late for what was written meanwhile.
   */
  observe(target: WatchTarget, options: ObserveOptions = {}): AsyncIterable<Observed> {
    this.#calls.check("observe", {});
    watchPlan(target, options);
    const needs = readNeeds({});
    const callOptions = options.signal === undefined ? {} : { signal: options.signal };
    const fetchPage = (bounds: PageBounds, pageNeeds: ReadNeeds) => {
      this.#calls.check("observe", {});
      return this.#calls.read(pageRequest(bounds, pageNeeds), callOptions);
    };
    return observed(target, needs, fetchPage, (startRevision) => this.watch(target, { ...options, startRevision }));
  }
}

function rangeOptions(range: string | Uint8Array | RangeOptions, options: RangeOptions): RangeOptions {
  return typeof range === "string" || range instanceof Uint8Array ? { ...options, prefix: range } : range;
}
