import { integerBetween, type seededRandom } from "@raftkv/raft-core/testing";
import { bytes, type OperationInit } from "./command-log.ts";

export function grantLease(ttlMs: number, leaseId = 0): OperationInit {
  return { operation: { case: "grantLease", value: { ttlMs: BigInt(ttlMs), leaseId: BigInt(leaseId) } } };
}

export function keepLeaseAlive(leaseId: number): OperationInit {
  return { operation: { case: "keepLeaseAlive", value: { leaseId: BigInt(leaseId) } } };
}

export function revokeLease(leaseId: number): OperationInit {
  return { operation: { case: "revokeLease", value: { leaseId: BigInt(leaseId) } } };
}

export const expireLeases: OperationInit = { operation: { case: "expireLeases", value: {} } };

export interface PutLeaseInit {
  readonly leaseId?: number;
  readonly ttlMs?: number;
  readonly keepLease?: boolean;
}

export function putLeased(
  key: string,
  value: string,
  { leaseId = 0, ttlMs = 0, keepLease = false }: PutLeaseInit,
): OperationInit {
  const lease = { leaseId: BigInt(leaseId), ttlMs: BigInt(ttlMs), keepLease };
  return { operation: { case: "put", value: { key: bytes(key), value: bytes(value), ...lease } } };
}

/** Something about leases. `some`: one that there is. */
export function randomLeaseOperation(
  key: string,
  some: number | undefined,
  random: ReturnType<typeof seededRandom>,
): OperationInit {
  const choice = random.next();
  const leaseId = random.next() < 0.9 ? (some ?? 3) : 3;
  const ttlMs = integerBetween(random, 90, 3_000);
  if (choice < 0.15) return grantLease(ttlMs);
  if (choice < 0.25) return grantLease(ttlMs, random.next() < 0.05 ? 10 ** 15 : integerBetween(random, 1, 4));
  if (choice < 0.35) return keepLeaseAlive(leaseId);
  if (choice < 0.45) return revokeLease(leaseId);
  if (choice < 0.46) return expireLeases;
  if (choice < 0.6) return putLeased(key, "own", { ttlMs });
  if (choice < 0.68) return putLeased(key, "kept", { keepLease: true });
  if (choice < 0.7) return putLeased(key, "both", { leaseId, ttlMs });
  return putLeased(key, "leased", { leaseId });
}
