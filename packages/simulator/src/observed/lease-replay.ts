import type { Answer } from "@raftkv/kv-server";
import type { Index } from "@raftkv/raft-core";
import { LeaseBook, type ModelLease } from "../history/models/lease-book.ts";

/** What a lease was from an entry on. */
export interface LeaseState {
  readonly index: Index;
  /** Cluster time from which on it is over. */
  readonly overAtMs: number;
  readonly keys: number;
}

/** One lease of the log, or a key with a time to live. */
export interface LeaseLife {
  readonly id: number;
  readonly ttlMs: number;
  /** Of a lease that a key has of its own: which. */
  readonly own: { readonly key: string; readonly revision: number } | undefined;
  readonly states: LeaseState[];
  /** The entries that renewed it. */
  readonly renewals: Index[];
  ended: { readonly index: Index; readonly how: "expired" | "revoked" | "written" } | undefined;
}

/** What a put says of leases. */
export interface PutLease {
  readonly key: string;
  /** 0: none. */
  readonly leaseId: number;
  readonly ttlMs: number;
  readonly keep: boolean;
}

/** Deletes keys at one revision, and tells it. */
type Delete = (keys: readonly string[]) => number;

/** So many leases, and keys of several, end by one entry. */
const leasesPerEntry = 100;
const keysPerEntry = 256;

/** All leases of a log, as its commands make them. Each method returns what was wrong with the answer; undefined: nothing. */
export class LeaseReplay {
  readonly lives: LeaseLife[] = [];
  readonly #book = new LeaseBook();
  readonly #lifeOf = new Map<ModelLease, LeaseLife>();
  #index: Index = 0;
  #nowMs = 0;

  /** What comes next stands in that entry. */
  begin(index: Index, nowMs: number): void {
    [this.#index, this.#nowMs] = [index, nowMs];
  }

  grant(wanted: number, ttlMs: number, answer: Answer): string | undefined {
    if (answer.kind !== "grantLease") {
      const isTaken = this.#book.get(wanted) !== undefined;
      const isRight = answer.kind !== "refused" || (answer.code === "leaseExists") === isTaken;
      return isRight ? undefined : `lease ${wanted} was refused as ${answer.code}`;
    }
    const id = answer.leaseId;
    if (this.#book.get(id) !== undefined) return `lease ${id} was granted, and was there`;
    if (wanted !== 0 && wanted !== id) return `lease ${wanted} was asked for, and ${id} granted`;
    this.#lives(this.#book.grant(id, ttlMs, this.#nowMs), undefined);
    return undefined;
  }

  keepAlive(id: number, answer: Answer): string | undefined {
    const lease = this.#book.get(id);
    const isAlive = this.#book.isAlive(id, this.#nowMs);
    if (answer.kind === "refused") {
      return isAlive && answer.code === "leaseNotFound" ? `lease ${id} was not renewed, and is alive` : undefined;
    }
    if (!isAlive || lease === undefined) return `lease ${id} was renewed, and is over`;
    this.#book.renew(lease, this.#nowMs);
    this.#lifeOf.get(lease)?.renewals.push(this.#index);
    this.#changed(lease);
    return undefined;
  }

  revoke(id: number, answer: Answer, remove: Delete): string | undefined {
    const lease = this.#book.get(id);
    if (answer.kind === "refused") {
      return lease !== undefined && answer.code === "leaseNotFound"
        ? `lease ${id} was not revoked, and is there`
        : undefined;
    }
    if (lease === undefined) return `lease ${id} was revoked, and is not there`;
    const keys = this.#end(lease, "revoked");
    const revision = remove(keys);
    if (answer.kind === "revokeLease" && answer.deleted === keys.length && answer.revision === revision)
      return undefined;
    return `lease ${id} was revoked with ${JSON.stringify(answer)}; it had ${keys.length} keys, up to revision ${revision}`;
  }

  expire(answer: Answer, remove: Delete): string | undefined {
    if (answer.kind !== "expireLeases") return undefined;
    const over = this.#book.over(this.#nowMs);
    const [ending, more] = [endingAtOnce(over), endingAtOnce(over).length < over.length];
    let [deleted, revision] = [0, answer.revision];
    for (const lease of ending) {
      const keys = this.#end(lease, "expired");
      deleted += keys.length;
      revision = remove(keys);
    }
    const expected = `${ending.length} leases with ${deleted} keys, up to revision ${revision}`;
    const told = `${answer.expired} leases with ${answer.deleted} keys, up to revision ${answer.revision}`;
    return expected === told && answer.more === more ? undefined : `${told} have ended, and ${expected} are over`;
  }

  wrongPut({ key, leaseId, keep }: PutLease, answer: Answer): string | undefined {
    if (leaseId === 0 || keep) return undefined;
    const isAlive = this.#book.isAlive(leaseId, this.#nowMs);
    if (answer.kind !== "refused" && !isAlive) return `${key} was put with lease ${leaseId}, which is over`;
    const isRefused = answer.kind === "refused" && answer.code === "leaseNotFound";
    return isRefused && isAlive ? `${key} was not put with lease ${leaseId}, which is alive` : undefined;
  }

  /** The same of all the puts of a transaction, of which one that is refused has all of them refused. */
  wrongPuts(puts: readonly PutLease[], answer: Answer): string | undefined {
    const wrong = puts.map((put) => this.wrongPut(put, answer));
    return answer.kind === "refused" && wrong.includes(undefined)
      ? undefined
      : wrong.find((each) => each !== undefined);
  }

  /** The lease that such a put, at that revision, gives its key. */
  put({ key, leaseId, ttlMs, keep }: PutLease, revision: number): ModelLease | undefined {
    if (keep) return this.#book.ofKey(key);
    if (ttlMs === 0) return this.#book.get(leaseId);
    const lease = this.#book.grantOwn(ttlMs, this.#nowMs);
    this.#lives(lease, { key, revision });
    return lease;
  }

  keyWritten(key: string, lease: ModelLease | undefined): void {
    const before = this.#book.ofKey(key);
    if (before === lease) return;
    this.#book.keyWritten(key, lease);
    if (before?.own) this.#ended(before, "written");
    else if (before !== undefined) this.#changed(before);
    if (lease !== undefined) this.#changed(lease);
  }

  #end(lease: ModelLease, how: "expired" | "revoked"): readonly string[] {
    this.#ended(lease, how);
    return this.#book.end(lease);
  }

  #lives(lease: ModelLease, own: LeaseLife["own"]): void {
    const { id, ttlMs } = lease;
    const life: LeaseLife = { id, ttlMs, own, states: [], renewals: [this.#index], ended: undefined };
    this.lives.push(life);
    this.#lifeOf.set(lease, life);
    this.#changed(lease);
  }

  #changed(lease: ModelLease): void {
    const { overAtMs, keys } = lease;
    this.#lifeOf.get(lease)?.states.push({ index: this.#index, overAtMs, keys: keys.size });
  }

  #ended(lease: ModelLease, how: "expired" | "revoked" | "written"): void {
    const life = this.#lifeOf.get(lease);
    if (life !== undefined) life.ended = { index: this.#index, how };
    this.#lifeOf.delete(lease);
  }
}

/** As many of the first as one entry ends. */
function endingAtOnce(over: readonly ModelLease[]): readonly ModelLease[] {
  let keys = 0;
  const end = over.slice(0, leasesPerEntry).findIndex((lease, position) => {
    keys += lease.keys.size;
    return position > 0 && keys > keysPerEntry;
  });
  return over.slice(0, end < 0 ? leasesPerEntry : end);
}
