import type { LeaseEntry, LeaseResult } from "@raftkv/proto/kv";
import type { ReadNeeds } from "../read-needs.ts";
import type { ReadRequest } from "../read-operation.ts";
import { safeInteger } from "../safe-integer.ts";
import type { WriteRequest } from "../write-request.ts";

/** A lease, as the cluster tells of it. */
export interface LeaseInfo {
  readonly id: number;
  readonly ttlMs: number;
  /** How much longer it lives if nobody keeps it alive; 0: it is over, and about to end. */
  readonly leftMs: number;
  readonly keyCount: number;
}

export interface RevokeResult {
  /** The store's revision after it; it moves only if the lease had keys. */
  readonly revision: number;
  /** How many keys went with it. */
  readonly deleted: number;
}

export interface Granted {
  readonly id: number;
  readonly ttlMs: number;
}

/** About what such an operation takes on the wire. */
const bytes = 32;

/** `id` 0: the cluster chooses. */
export function grantRequest(ttlMs: number, id: number): WriteRequest<Granted> {
  const value = { $typeName: "raftkv.kv.v1.GrantLeaseOperation", ttlMs: BigInt(ttlMs), leaseId: BigInt(id) } as const;
  return {
    name: "leases.grant",
    operation: { case: "grantLease", value },
    bytes,
    toResult: (result) =>
      result.case === "grantLease"
        ? { id: safeInteger(result.value.leaseId, "lease id"), ttlMs: safeInteger(result.value.ttlMs, "ttl") }
        : undefined,
  };
}

export function keepAliveRequest(id: number): WriteRequest<{ readonly ttlMs: number }> {
  const value = { $typeName: "raftkv.kv.v1.KeepLeaseAliveOperation", leaseId: BigInt(id) } as const;
  return {
    name: "leases.keepAlive",
    operation: { case: "keepLeaseAlive", value },
    bytes,
    toResult: (result) =>
      result.case === "keepLeaseAlive" ? { ttlMs: safeInteger(result.value.ttlMs, "ttl") } : undefined,
  };
}

export function revokeRequest(id: number): WriteRequest<RevokeResult> {
  const value = { $typeName: "raftkv.kv.v1.RevokeLeaseOperation", leaseId: BigInt(id) } as const;
  return {
    name: "leases.revoke",
    operation: { case: "revokeLease", value },
    bytes,
    toResult: (result) => {
      if (result.case !== "revokeLease") return undefined;
      const { revision, deleted } = result.value;
      return { revision: safeInteger(revision, "revision"), deleted: safeInteger(deleted, "count") };
    },
  };
}

/** A lease with its keys. */
export interface FoundLease {
  /** Undefined: it has ended, or never was. */
  readonly lease: LeaseInfo | undefined;
  readonly keys: readonly Uint8Array[];
}

export function leaseRequest(id: number, withKeys: boolean, needs: ReadNeeds): ReadRequest<FoundLease> {
  const value = { $typeName: "raftkv.kv.v1.LeaseOperation", leaseId: BigInt(id), withKeys } as const;
  return {
    name: "leases.get",
    needs,
    operation: { case: "lease", value },
    weight: withKeys ? pageWeight : 1,
    toResult: (result) => (result.case === "lease" ? toFound(id, result.value) : undefined),
  };
}

export interface LeasesPage {
  readonly leases: readonly LeaseInfo[];
  /** Where the next page begins; 0: this was the last. */
  readonly next: number;
}

/** As a page of a range. */
const pageWeight = 64;
const pageSize = 1_000;

export function leasesRequest(from: number, needs: ReadNeeds): ReadRequest<LeasesPage> {
  const fromLeaseId = BigInt(from);
  return {
    name: "leases.list",
    needs,
    operation: {
      case: "leases",
      value: { $typeName: "raftkv.kv.v1.LeasesOperation", fromLeaseId, limit: pageSize },
    },
    weight: pageWeight,
    toResult: (result) =>
      result.case === "leases"
        ? { leases: result.value.leases.map(toInfo), next: safeInteger(result.value.next, "lease id") }
        : undefined,
  };
}

function toFound(id: number, result: LeaseResult): FoundLease {
  const { found, keys } = result;
  return { lease: found ? toInfo({ ...result, leaseId: BigInt(id) }) : undefined, keys };
}

function toInfo({ leaseId, ttlMs, leftMs, keyCount }: Pick<LeaseEntry, "leaseId" | "ttlMs" | "leftMs" | "keyCount">) {
  return {
    id: safeInteger(leaseId, "lease id"),
    ttlMs: safeInteger(ttlMs, "ttl"),
    leftMs: safeInteger(leftMs, "time left"),
    keyCount: safeInteger(keyCount, "count"),
  };
}
