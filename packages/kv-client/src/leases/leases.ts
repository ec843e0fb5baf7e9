import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import type { Clock } from "../clock.ts";
import { count } from "../count.ts";
import { type ReadNeedsOptions, readNeeds } from "../read-needs.ts";
import type { ReadRequest } from "../read-operation.ts";
import { Lease } from "./lease.ts";
import { type KeptLease, LeaseKeeper } from "./lease-keeper.ts";
import {
  grantRequest,
  keepAliveRequest,
  type LeaseInfo,
  leaseRequest,
  leasesRequest,
  type RevokeResult,
  revokeRequest,
} from "./lease-requests.ts";

export interface GrantOptions extends CallOptions {
  /** From 1 to 10^15 − 1. Unless told, the cluster chooses one that no lease had before. */
  readonly id?: number;
  /** False: it is not kept alive in the background. */
  readonly keepAlive?: boolean;
}

export interface LeaseReadOptions extends CallOptions, ReadNeedsOptions {}

const longestTtlMs = 30 * 24 * 60 * 60 * 1_000;
const firstChosenId = 1_000_000_000_000_000;

/**
 * Leases: keys that are put with one live as long as it is kept alive. Time is the cluster's: it does not pass while nobody
 * leads, so that a lease may live longer than its time, and never shorter.
 */
export class Leases {
  readonly #calls: Calls;
  readonly #clock: Clock;
  readonly #keeper: LeaseKeeper;

  /** Got as `leases` of a client. */
  constructor(calls: Calls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
    this.#keeper = new LeaseKeeper({ clock, keepAlive: (id, options) => this.keepAlive(id, options) });
  }

  /**
   * A new lease, that lives for `ttlMs` (100 ms to 30 days) after each renewal; in the background it is renewed after a third
   * of that. LEASE_EXISTS where there is one of that id.
   */
  async grant(ttlMs: number, { id, keepAlive = true, ...options }: GrantOptions = {}): Promise<Lease> {
    const ttl = count("ttlMs", ttlMs, 100, longestTtlMs);
    const wanted = id === undefined ? 0 : count("id", id, 1, firstChosenId - 1);
    const sentAtMs = this.#clock.now();
    const granted = await this.#calls.write(grantRequest(ttl, wanted), options);
    return this.#lease(this.#keeper.keep(granted, sentAtMs, keepAlive));
  }

  /** Keeps alive in the background a lease that was granted before, perhaps by another process. LEASE_NOT_FOUND where it has ended. */
  async keep(id: number, options: CallOptions = {}): Promise<Lease> {
    const sentAtMs = this.#clock.now();
    const { ttlMs } = await this.keepAlive(id, options);
    return this.#lease(this.#keeper.keep({ id, ttlMs }, sentAtMs, true));
  }

  /** Renews a lease once: it lives for `ttlMs` from now on. LEASE_NOT_FOUND where it has ended, or is over and about to. */
  async keepAlive(id: number, options: CallOptions = {}): Promise<{ readonly ttlMs: number }> {
    return this.#calls.write(keepAliveRequest(leaseId(id)), options);
  }

  /** Ends a lease and deletes its keys, at one revision. (Of one with thousands of keys the last go a moment later.) */
  async revoke(id: number, options: CallOptions = {}): Promise<RevokeResult> {
    return this.#calls.write(revokeRequest(leaseId(id)), options);
  }

  /** Undefined: the lease has ended, or never was. */
  async get(id: number, options: LeaseReadOptions = {}): Promise<LeaseInfo | undefined> {
    const { lease } = await this.#read(leaseRequest(leaseId(id), false, readNeeds(options)), options);
    return lease;
  }

  /** How much longer a lease lives if nobody keeps it alive, in milliseconds; undefined: it has ended, or never was. */
  async timeLeft(id: number, options: LeaseReadOptions = {}): Promise<number | undefined> {
    return (await this.get(id, options))?.leftMs;
  }

  /** The keys that go with a lease, in order: the first ten thousand, or as many as fit in one answer. None where it has ended. */
  async keys(id: number, options: LeaseReadOptions = {}): Promise<readonly Uint8Array[]> {
    const { keys } = await this.#read(leaseRequest(leaseId(id), true, readNeeds(options)), options);
    return keys;
  }

  /**
   * The leases that were granted, in the order of their ids; not those that keys with a time to live have of their own. Fetched
   * a page at a time, as of different moments.
   */
  async *list(options: LeaseReadOptions = {}): AsyncGenerator<LeaseInfo, void, undefined> {
    const needs = readNeeds(options);
    for (let from = 1; from > 0; ) {
      const { leases, next } = await this.#read(leasesRequest(from, needs), options);
      yield* leases;
      from = next;
    }
  }

  /** Nothing is kept alive any more: each lease ends by itself, after its time to live. */
  close(): void {
    this.#keeper.close();
  }

  async #read<T>(request: ReadRequest<T>, options: CallOptions): Promise<T> {
    this.#calls.check(request.name, options);
    return this.#calls.read(request, options);
  }

  #lease(kept: KeptLease): Lease {
    return new Lease(kept, { keeper: this.#keeper, revoke: (id, options) => this.revoke(id, options) });
  }
}

function leaseId(id: number): number {
  return count("id", id, 1, Number.MAX_SAFE_INTEGER);
}
