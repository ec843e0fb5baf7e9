import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import type { Clock } from "../clock.ts";
import type { Leases } from "../leases/leases.ts";
import type { ReadRequest } from "../read-operation.ts";
import type { ToOwn } from "../watch/told.ts";
import type { Watch } from "../watch/watch.ts";
import type { WatchOptions, WatchPlan } from "../watch/watch-options.ts";
import type { WriteRequest } from "../write-request.ts";
import type { KeySpace } from "./key-space.ts";
import { toOwnEvent, toOwnReadResult, toOwnWriteResult } from "./own-results.ts";
import { toStoredFence, toStoredRead, toStoredWrite } from "./stored-operations.ts";

/**
 * What a request says beside its operation. A new field does not compile before it was looked at: if it has keys, say them
 * with `toStored` (and take it out of the rest); if not, name it.
 */
type WithoutKeys<Rest, Known extends PropertyKey> = Record<Exclude<keyof Rest, Known>, never>;

/** The calls of a namespace: the same, with the keys said as they are stored, and told as the namespace knows them. */
export class PrefixedCalls implements Calls {
  readonly #calls: Calls;
  readonly #keys: KeySpace;
  readonly #toOwnBy = new WeakMap<ToOwn, ToOwn>();

  constructor(calls: Calls, keys: KeySpace) {
    this.#calls = calls;
    this.#keys = keys;
  }

  get clock(): Clock {
    return this.#calls.clock;
  }

  get leases(): Leases {
    return this.#calls.leases;
  }

  check(name: string, options: CallOptions): void {
    this.#calls.check(name, options);
  }

  read<T>(request: ReadRequest<T>, options: CallOptions): Promise<T> {
    const { operation, toResult, ...withoutKeys } = request;
    withoutKeys satisfies WithoutKeys<typeof withoutKeys, "name" | "needs" | "weight">;
    const stored: ReadRequest<T> = {
      ...withoutKeys,
      operation: toStoredRead(this.#keys, operation),
      toResult: (result) => toResult(toOwnReadResult(this.#keys, result)),
    };
    return this.#calls.read(stored, options);
  }

  write<T>(request: WriteRequest<T>, options: CallOptions): Promise<T> {
    const { operation, fence, bytes, toResult, ...withoutKeys } = request;
    withoutKeys satisfies WithoutKeys<typeof withoutKeys, "name" | "boundToSession">;
    const stored: WriteRequest<T> = {
      ...withoutKeys,
      operation: toStoredWrite(this.#keys, operation),
      ...(fence === undefined ? {} : { fence: toStoredFence(this.#keys, fence) }),
      bytes: bytes + this.#keys.prefix.length,
      toResult: (result) => toResult(toOwnWriteResult(this.#keys, result)),
    };
    return this.#calls.write(stored, options);
  }

  watch(plan: WatchPlan, options: WatchOptions): Watch {
    const keys = this.#keys;
    const stored: WatchPlan = {
      ...plan,
      from: keys.toStoredFrom(plan.from),
      to: keys.toStoredTo(plan.to),
      toOwn: this.#toOwn(plan.toOwn),
    };
    return this.#calls.watch(stored, options);
  }

  /** The same for all watches of the namespace: what they are told is made ready once. */
  #toOwn(outer: ToOwn): ToOwn {
    let toOwn = this.#toOwnBy.get(outer);
    if (toOwn === undefined) {
      const keys = this.#keys;
      toOwn = (event) => outer(toOwnEvent(keys, event));
      this.#toOwnBy.set(outer, toOwn);
    }
    return toOwn;
  }
}
