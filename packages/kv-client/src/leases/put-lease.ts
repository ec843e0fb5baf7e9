import { count } from "../count.ts";
import { invalidArgument } from "../error.ts";
import { Lease } from "./lease.ts";

/** How long a key lives. At most one of them; without any for ever, whatever lease the key had before. */
export interface PutLeaseOptions {
  /** The key goes when this lease ends. The lease, or its id. LEASE_NOT_FOUND where it has ended. */
  readonly lease?: Lease | number;
  /** The key goes after so many milliseconds (100 to 30 days), unless it is written again before. */
  readonly ttlMs?: number;
  /** The key keeps the lease, or the time, that it has. KEY_NOT_FOUND where it does not exist. */
  readonly keepLease?: boolean;
}

export interface PutLeaseFields {
  readonly leaseId: bigint;
  readonly ttlMs: bigint;
  readonly keepLease: boolean;
}

const longestTtlMs = 30 * 24 * 60 * 60 * 1_000;
/** As by far the most. */
export const NO_LEASE: PutLeaseFields = { leaseId: 0n, ttlMs: 0n, keepLease: false };

/** Throws INVALID_ARGUMENT. */
export function putLeaseFields({ lease, ttlMs, keepLease = false }: PutLeaseOptions): PutLeaseFields {
  if (lease === undefined && ttlMs === undefined && !keepLease) return NO_LEASE;
  if ([lease !== undefined, ttlMs !== undefined, keepLease].filter(Boolean).length > 1) {
    throw invalidArgument("lease, ttlMs and keepLease exclude each other: a key goes with one lease at most");
  }
  const id = lease instanceof Lease ? lease.id : lease;
  return {
    leaseId: id === undefined ? 0n : BigInt(count("lease", id, 1, Number.MAX_SAFE_INTEGER)),
    ttlMs: ttlMs === undefined ? 0n : BigInt(count("ttlMs", ttlMs, 100, longestTtlMs)),
    keepLease,
  };
}
