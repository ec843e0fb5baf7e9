import type { CallOptions } from "../call.ts";
import type { HistoryOptions } from "../history.ts";
import type { KeyValue } from "../key-value.ts";
import type { Namespace, ReadOptions } from "../namespace.ts";
import { type ComparableKey, key as comparableKey } from "../transaction/comparison.ts";
import type { Step } from "../transaction/step.ts";
import type { TransactionResult, TransactionSpec } from "../transaction/transaction.ts";
import type { ObserveOptions } from "../watch/observe.ts";
import type { WatchOptions } from "../watch/watch-options.ts";
import type { FenceOptions, WriteOptions } from "../write-options.ts";
import type { PutResult } from "../write-results.ts";
import type { EntryFormat } from "./entry-format.ts";
import { mapped } from "./mapped.ts";
import { TypedEntry } from "./typed-entry.ts";
import { storedBounds, type TypedBounds, type TypedRangeOptions, type TypedTarget } from "./typed-range.ts";
import {
  type TypedDeleteRangeResult,
  type TypedDeleteResult,
  type TypedPutResult,
  typedDeleteRangeResult,
  withTypedPrevious,
} from "./typed-results.ts";
import { TypedSteps } from "./typed-steps.ts";
import { TypedWatch, type TypedWatchEvent, typedEvent } from "./typed-watch.ts";
import { type UpdateOptions, update } from "./update.ts";

type PutOptions = NonNullable<Parameters<Namespace["put"]>[2]>;

/** One write of a key's history. */
export interface TypedKeyWrite<Value, Key = string> {
  readonly revision: number;
  /** What the key was from then on. Undefined: it was deleted. */
  readonly entry: TypedEntry<Value, Key> | undefined;
}

/** As `Observed`. */
export type TypedObserved<Value, Key = string> =
  | { readonly kind: "present"; readonly entry: TypedEntry<Value, Key> }
  | { readonly kind: "listed"; readonly revision: number }
  | TypedWatchEvent<Value, Key>;

/**
 * The calls of a namespace with keys and values of one's own types. What is written is checked before anything is sent:
 * INVALID_ARGUMENT says what does not fit. What is read is decoded when it is asked for (`entry.value`, `entry.key`), so that
 * one that does not fit, with INVALID_VALUE or INVALID_KEY, hides none of the others.
 */
export class TypedNamespace<Value, Input = Value, Key = string, Prefix = string> {
  /** What a `transaction` of this or any other view of the same namespace can do: `step.put(key, value)`. */
  readonly step: TypedSteps<Value, Input, Key, Prefix>;
  readonly #namespace: Namespace;
  readonly #format: EntryFormat<Value, Input, Key, Prefix>;

  /** Not for applications: `Namespace.typed` makes them. */
  constructor(namespace: Namespace, format: EntryFormat<Value, Input, Key, Prefix>) {
    this.#namespace = namespace;
    this.#format = format;
    this.step = new TypedSteps(format);
  }

  /** The key with its value, or undefined where it does not exist. INVALID_VALUE where it is no such value. */
  async get(key: Key, options: ReadOptions = {}): Promise<TypedEntry<Value, Key> | undefined> {
    const found = await this.#namespace.get(this.#format.encodeKey(key), options);
    if (found === undefined) return undefined;
    const entry = this.#entry(found);
    void entry.value;
    return entry;
  }

  /**
   * Writes one key. INVALID_ARGUMENT where the value does not fit: nothing was sent. With `keepValue` there is none: `undefined`
   * stands in its place.
   */
  async put(
    key: Key,
    value: undefined,
    options: PutOptions & { readonly keepValue: true },
  ): Promise<TypedPutResult<Value, Key>>;
  put(
    key: Key,
    value: undefined,
    options: PutOptions & { readonly keepValue: true },
  ): Promise<TypedPutResult<Value, Key>>;
  put(
    key: Key,
    value: Input,
    options?: PutOptions & { readonly keepValue?: false },
  ): Promise<TypedPutResult<Value, Key>>;
  async put(key: Key, value: Input | undefined, options: PutOptions = {}): Promise<TypedPutResult<Value, Key>> {
    const stored = this.#format.encodeKey(key);
    const result = await this.#namespace.put(stored, this.#format.encodeGiven(stored, value, options), options);
    return withTypedPrevious(result, this.#format);
  }

  /** Removes one key; `deleted` says whether it existed. */
  async delete(key: Key, options: WriteOptions = {}): Promise<TypedDeleteResult<Value, Key>> {
    return withTypedPrevious(await this.#namespace.delete(this.#format.encodeKey(key), options), this.#format);
  }

  /** Removes every key of a range, at one revision, as of `Namespace`. */
  async deleteRange(
    range: TypedBounds<Key, Prefix>,
    options: WriteOptions = {},
  ): Promise<TypedDeleteRangeResult<Value, Key>> {
    const result = await this.#namespace.deleteRange(storedBounds(range, this.#format), options);
    return typedDeleteRangeResult(result, this.#format);
  }

  /**
   * Writes what `change` makes of the value, unless others have written the key since it was read: then `change` is asked
   * again, with what is there now; CONFLICT where that happens at every attempt. It is asked with undefined where the key does
   * not exist. Where it answers with undefined, the key is left as it is, and this call gives undefined too.
   * The key keeps its lease.
   */
  async update(
    key: Key,
    change: (value: Value | undefined) => Input | undefined | Promise<Input | undefined>,
    options: UpdateOptions = {},
  ): Promise<PutResult | undefined> {
    const stored = this.#format.encodeKey(key);
    const changed = async (found: KeyValue | undefined) => {
      const next = await change(found === undefined ? undefined : this.#entry(found).value);
      return next === undefined ? undefined : this.#format.encodeValue(stored, next);
    };
    return update(this.#namespace, { key: stored, change: changed }, options);
  }

  /** Something of a key to compare in a transaction: `compare("a").modRevision.equals(7)`. */
  compare(key: Key): Omit<ComparableKey, "value"> {
    return comparableKey(this.#format.encodeKey(key));
  }

  /** As of `Namespace`; with the comparisons of `compare` and the steps of `step`. */
  transaction<const Do extends readonly Step<unknown>[] = [], const Else extends readonly Step<unknown>[] = []>(
    spec: TransactionSpec<Do, Else>,
    options: CallOptions & FenceOptions = {},
  ): Promise<TransactionResult<Do, Else>> {
    return this.#namespace.transaction(spec, options);
  }

  /** The keys of a range with their values, in the order of the stored keys, as of `Namespace`. */
  range(options: TypedRangeOptions<Key, Prefix> = {}): AsyncIterable<TypedEntry<Value, Key>> {
    const { prefix, from, to, all, ...rest } = options;
    const entries = this.#namespace.range({ ...rest, ...storedBounds(options, this.#format) });
    return mapped(entries, (entry) => this.#entry(entry));
  }

  /** The keys of a range, without fetching values. INVALID_KEY where one is no such key. */
  keys(options: TypedRangeOptions<Key, Prefix> = {}): AsyncIterable<Key> {
    const { prefix, from, to, all, ...rest } = options;
    const entries = this.#namespace.range({ ...rest, ...storedBounds(options, this.#format), keysOnly: true });
    return mapped(entries, ({ keyBytes }) => this.#format.decodeKey(keyBytes));
  }

  /** How many keys a range has, as of `Namespace`. */
  count(options: TypedRangeOptions<Key, Prefix> = {}): Promise<number> {
    const { prefix, from, to, all, ...rest } = options;
    return this.#namespace.count({ ...rest, ...storedBounds(options, this.#format) });
  }

  /** The writes to one key that are not compacted, newest first, as of `Namespace`. */
  history(key: Key, options: HistoryOptions = {}): AsyncIterable<TypedKeyWrite<Value, Key>> {
    return mapped(this.#namespace.history(this.#format.encodeKey(key), options), ({ revision, entry }) => ({
      revision,
      entry: entry === undefined ? undefined : this.#entry(entry),
    }));
  }

  /** Changes of one key, or of those of a range, or of all, as they are made; as of `Namespace`. */
  watch(target: TypedTarget<Key, Prefix> = {}, options: WatchOptions = {}): TypedWatch<Value, Key> {
    return new TypedWatch(this.#namespace.watch(this.#target(target), options), this.#format);
  }

  /** The present entries, and then each change to them, without a gap between; as of `Namespace`. */
  observe(
    target: TypedTarget<Key, Prefix> = {},
    options: ObserveOptions = {},
  ): AsyncIterable<TypedObserved<Value, Key>> {
    return mapped(this.#namespace.observe(this.#target(target), options), (observed): TypedObserved<Value, Key> => {
      if (observed.kind === "present") return { kind: "present", entry: this.#entry(observed.entry) };
      return observed.kind === "listed" ? observed : typedEvent(observed, this.#format);
    });
  }

  #target(target: TypedTarget<Key, Prefix>) {
    return "key" in target ? this.#format.encodeKey(target.key) : storedBounds(target, this.#format);
  }

  #entry(stored: KeyValue): TypedEntry<Value, Key> {
    return new TypedEntry(stored, this.#format);
  }
}
