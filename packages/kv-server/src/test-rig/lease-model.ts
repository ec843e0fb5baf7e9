import type { PutOperation } from "@raftkv/proto/kv";

interface ModelLease {
  readonly ttlMs: number;
  /** From this cluster time on it is over. */
  overMs: number;
  readonly own: boolean;
}

/** What leases should do, written down without any regard for rows or bounds. The store tells which key has which. */
export class LeaseModel {
  readonly #leases = new Map<number, ModelLease>();
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

  /** The lease that a key has after a put, or why the put is refused. */
  ofPut(put: PutOperation, before: number | undefined, nowMs: number): number | unknown {
    const [leaseId, ttlMs] = [Number(put.leaseId), Number(put.ttlMs)];
    if ([leaseId !== 0, ttlMs !== 0, put.keepLease].filter(Boolean).length > 1) return refused("invalidPutLease");
    if (put.keepLease) return before ?? refused("keyNotFound");
    if (ttlMs !== 0) return ttlMs < 100 ? refused("invalidLeaseTtl") : this.#addOwn(ttlMs, nowMs);
    const lease = this.#leases.get(leaseId);
    if (leaseId !== 0 && (lease === undefined || lease.own || lease.overMs <= nowMs)) return refused("leaseNotFound");
    return leaseId;
  }

  /** A key has left the lease: one of its own ends. */
  left(id: number): void {
    if (this.#leases.get(id)?.own) this.#leases.delete(id);
  }

  #addOwn(ttlMs: number, nowMs: number): number {
    const id = 2 * 10 ** 15 + this.#chosen++;
    this.#leases.set(id, { ttlMs, overMs: nowMs + ttlMs + 1, own: true });
    return id;
  }
}

function refused(code: string): unknown {
  return { kind: "refused", code };
}
