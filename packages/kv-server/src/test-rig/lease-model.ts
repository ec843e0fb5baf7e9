import type { PutOperation } from "@raftkv/proto/kv";

import { Refused } from "./model-transaction.ts";

interface ModelLease {
  readonly ttlMs: number;
  /** From this cluster time on it is over. */
  overMs: number;
  readonly own: boolean;
}

/** What leases should do, written down without any regard for rows or bounds. The store tells which key has which. */
export class LeaseModel {
  readonly #leases = new Map<number, ModelLease>();
  /** The time to live of those that were chosen for keys. */
  readonly #own = new Map<number, number>();
  #chosen = 0;

  /** One that there is; `chance` in [0, 1) chooses which. */
  some(chance: number): number | undefined {
    const ids = [...this.#leases.keys()];
    return ids[Math.floor(chance * ids.length)];
  }

  /** What a read tells of it, but for its keys. */
  get(id: number, nowMs: number) {
    const lease = this.#leases.get(id);
    return lease && { ttlMs: lease.ttlMs, leftMs: Math.max(0, lease.overMs - 1 - nowMs) };
  }

  granted(): readonly number[] {
    return [...this.#leases].flatMap(([id, { own }]) => (own ? [] : [id])).sort((a, b) => a - b);
  }

  grant(wanted: number, ttlMs: number, nowMs: number): unknown {
    if (ttlMs < 100) return refused("invalidLeaseTtl");
    if (wanted >= 10 ** 15) return refused("invalidLeaseId");
    if (this.#leases.has(wanted)) return refused("leaseExists");
    const leaseId = wanted === 0 ? 10 ** 15 + this.#chosen++ : wanted;
    this.#leases.set(leaseId, { ttlMs, overMs: nowMs + ttlMs + 1, own: false });
    return { kind: "grantLease", leaseId, ttlMs };
  }

  keepAlive(id: number, nowMs: number): unknown {
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.overMs <= nowMs) return refused("leaseNotFound");
    lease.overMs = Math.max(lease.overMs, nowMs + lease.ttlMs + 1);
    return { kind: "keepLeaseAlive", ttlMs: lease.ttlMs };
  }

  /** False: there is none. */
  end(id: number): boolean {
    return this.#leases.delete(id);
  }

  /** Those that are over, in the order in which they end. */
  over(nowMs: number): readonly number[] {
    const over = [...this.#leases].filter(([, { overMs }]) => overMs <= nowMs);
    return over.sort(([idA, a], [idB, b]) => a.overMs - b.overMs || idA - idB).map(([id]) => id);
  }

  /** The lease that a key has after a put. Throws the code of a refusal. */
  ofPut({ keepLease, ...put }: PutOperation, before: number | undefined, nowMs: number): number {
    const [leaseId, ttlMs] = [Number(put.leaseId), Number(put.ttlMs)];
    if ([leaseId !== 0, ttlMs !== 0, keepLease].filter(Boolean).length > 1) throw new Refused("invalidPutLease");
    if (keepLease && before === undefined) throw new Refused("keyNotFound");
    if (keepLease) return before ?? 0;
    if (ttlMs !== 0 && ttlMs < 100) throw new Refused("invalidLeaseTtl");
    if (ttlMs !== 0) return this.#chooseOwn(ttlMs);
    const lease = this.#leases.get(leaseId);
    const usable = lease !== undefined && !lease.own && lease.overMs > nowMs;
    if (leaseId !== 0 && !usable) throw new Refused("leaseNotFound");
    return leaseId;
  }

  /** A key goes from one lease to another, perhaps to a new one of its own. */
  moved(from: number, to: number, nowMs: number): void {
    if (from === to) return;
    if (this.#leases.get(from)?.own) this.#leases.delete(from);
    const ttlMs = this.#own.get(to);
    if (ttlMs !== undefined) this.#leases.set(to, { ttlMs, overMs: nowMs + ttlMs + 1, own: true });
  }

  /** The id is used up, whatever becomes of the put. */
  #chooseOwn(ttlMs: number): number {
    const id = 2 * 10 ** 15 + this.#chosen++;
    this.#own.set(id, ttlMs);
    return id;
  }
}

function refused(code: string): unknown {
  return { kind: "refused", code };
}
