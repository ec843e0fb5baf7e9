import type { LeaseResult, LeasesResult, OperationResult } from "@raftkv/proto/kv";
import type { Answer } from "../state/answer.ts";
import type { ReadAnswer } from "../state/read.ts";

type LeaseAnswer = Extract<Answer, { kind: "grantLease" | "keepLeaseAlive" | "revokeLease" | "expireLeases" }>;

export function leaseResult(answer: LeaseAnswer): OperationResult["result"] {
  switch (answer.kind) {
    case "grantLease": {
      const leaseId = BigInt(answer.leaseId);
      const ttlMs = BigInt(answer.ttlMs);
      return { case: "grantLease", value: { $typeName: "raftkv.kv.v1.GrantLeaseResult", leaseId, ttlMs } };
    }
    case "keepLeaseAlive": {
      const ttlMs = BigInt(answer.ttlMs);
      return { case: "keepLeaseAlive", value: { $typeName: "raftkv.kv.v1.KeepLeaseAliveResult", ttlMs } };
    }
    case "revokeLease": {
      const revision = BigInt(answer.revision);
      const deleted = BigInt(answer.deleted);
      return { case: "revokeLease", value: { $typeName: "raftkv.kv.v1.RevokeLeaseResult", revision, deleted } };
    }
    case "expireLeases": {
      const revision = BigInt(answer.revision);
      const expired = BigInt(answer.expired);
      const deleted = BigInt(answer.deleted);
      const value = { $typeName: "raftkv.kv.v1.ExpireLeasesResult", revision, expired, deleted } as const;
      return { case: "expireLeases", value: { ...value, more: answer.more } };
    }
  }
}

/** What a read tells of one lease. */
export function leaseMessage({ lease, keys }: Extract<ReadAnswer, { kind: "lease" }>): LeaseResult {
  return {
    $typeName: "raftkv.kv.v1.LeaseResult",
    found: lease !== undefined,
    ttlMs: BigInt(lease?.ttlMs ?? 0),
    leftMs: BigInt(lease?.leftMs ?? 0),
    keyCount: BigInt(lease?.keyCount ?? 0),
    keys: [...keys],
  };
}

export function leasesMessage({ leases, next }: Extract<ReadAnswer, { kind: "leases" }>): LeasesResult {
  return {
    $typeName: "raftkv.kv.v1.LeasesResult",
    leases: leases.map(({ leaseId, ttlMs, leftMs, keyCount }) => ({
      $typeName: "raftkv.kv.v1.LeaseEntry",
      leaseId: BigInt(leaseId),
      ttlMs: BigInt(ttlMs),
      leftMs: BigInt(leftMs),
      keyCount: BigInt(keyCount),
    })),
    next: BigInt(next ?? 0),
  };
}
