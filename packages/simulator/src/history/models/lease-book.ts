import { ownLeaseId } from "./leased-operation.ts";

/** A lease as the model has it. */
export interface ModelLease {
  /** Larger than all others where it is one that a key has of its own: those have no name. */
  readonly id: number;
  readonly ttlMs: number;
  /** In cluster time: from then on it is over. */
  overAtMs: number;
  readonly keys: Set<string>;
  /** Ends as soon as its key is written again. */
  readonly own: boolean;
}

/** Which leases there are, how long they live, and which keys go with them: all that commands make of it, one at a time. */
export class LeaseBook {
  readonly #leases = new Map<number, ModelLease>();
  readonly #ofKey = new Map<string, ModelLease>();
  #own = 0;

  get(id: number): ModelLease | undefined {
    return this.#leases.get(id);
  }

  ofKey(key: string): ModelLease | undefined {
    return this.#ofKey.get(key);
  }

  /** Whether it can be renewed and take keys. */
  isAlive(id: number, nowMs: number): boolean {
    return (this.#leases.get(id)?.overAtMs ?? nowMs) > nowMs;
  }

  /** The id must be free. Stamps are rounded down, for which it lives a millisecond more. */
  grant(id: number, ttlMs: number, nowMs: number, own = false): ModelLease {
    const lease = { id, ttlMs, overAtMs: nowMs + ttlMs + 1, keys: new Set<string>(), own };
    this.#leases.set(id, lease);
    return lease;
  }

  /** It must be alive. */
  renew(lease: ModelLease, nowMs: number): void {
    lease.overAtMs = Math.max(lease.overAtMs, nowMs + lease.ttlMs + 1);
  }

  /** A key was put, or deleted, and goes with that lease from now on; undefined: with none. */
  keyWritten(key: string, lease: ModelLease | undefined): void {
    const before = this.#ofKey.get(key);
    if (before === lease) return;
    before?.keys.delete(key);
    if (before?.own) this.#leases.delete(before.id);
    if (lease === undefined) this.#ofKey.delete(key);
    else this.#ofKey.set(key, lease);
    lease?.keys.add(key);
  }

  /** The lease that a key has of its own from a put on. */
  grantOwn(ttlMs: number, nowMs: number): ModelLease {
    return this.grant(ownLeaseId + this.#own++, ttlMs, nowMs, true);
  }

  /** It is no more. Its keys, which go with it, in their order. */
  end(lease: ModelLease): readonly string[] {
    const keys = [...lease.keys].sort((a, b) => (a < b ? -1 : 1));
    for (const key of keys) this.#ofKey.delete(key);
    lease.keys.clear();
    this.#leases.delete(lease.id);
    return keys;
  }

  /** Those that are over, in the order in which they end. */
  over(nowMs: number): readonly ModelLease[] {
    const over = [...this.#leases.values()].filter(({ overAtMs }) => overAtMs <= nowMs);
    return over.sort((a, b) => a.overAtMs - b.overAtMs || a.id - b.id);
  }
}
