import { ErrorCode } from "@raftkv/proto/kv";
import type { Operation, PutLease } from "../state/command.ts";
import { hasLeases } from "../state/counters.ts";
import { refusalFailure } from "./error-mapping.ts";
import type { Failure } from "./kv-failure.ts";
import { NO_LEASES } from "./too-old.ts";

type LeaseOperation = Extract<Operation, { kind: "grantLease" | "keepLeaseAlive" | "revokeLease" | "expireLeases" }>;

/** What is wrong with an operation about leases, before it is proposed; undefined: nothing. */
export function checkLeaseOperation(operation: LeaseOperation, applyVersion: number): Failure | undefined {
  if (operation.kind === "expireLeases") {
    return { code: ErrorCode.INVALID_REQUEST, message: "only the leader itself ends leases that are over" };
  }
  if (!hasLeases({ applyVersion })) return NO_LEASES;
  if (operation.kind === "grantLease" || operation.leaseId > 0) return undefined;
  return { code: ErrorCode.INVALID_REQUEST, message: "lease_id is 0: say which lease" };
}

/** What is wrong with the lease that a put asks for; undefined: nothing, or it asks for none. */
export function checkPutLease(lease: PutLease | undefined): Failure | undefined {
  if (lease === undefined) return undefined;
  const { leaseId, ttlMs, keep } = lease;
  const given = Number(leaseId !== 0) + Number(ttlMs !== 0) + Number(keep);
  return given > 1 ? refusalFailure({ kind: "refused", code: "invalidPutLease" }) : undefined;
}
