import { create, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type Operation, type OperationResult, OperationSchema } from "@raftkv/proto/kv";
import { NO_LEASE, type PutLeaseFields } from "./leases/put-lease.ts";
import type { OperationRequest } from "./operation.ts";
import { safeInteger } from "./safe-integer.ts";

export interface PutResult {
  /** The store's revision after the put: from now on the key's `modRevision`. */
  readonly revision: number;
}

export interface DeleteResult {
  /** The store's revision after the delete; it moves only if the key existed. */
  readonly revision: number;
  /** Whether the key existed. */
  readonly deleted: boolean;
}

/** What a write wants, and how its answer is told. */
export interface WriteRequest<T> extends OperationRequest<T, OperationResult["result"]> {
  readonly operation: Operation["operation"];
  /** About its size on the wire. */
  readonly bytes: number;
  /** It means nothing under another session. */
  readonly boundToSession?: boolean;
}

/** What an operation takes on the wire beside its key and value, rounded up. */
const overheadBytes = 16;

const PLAIN_PUT = {
  $typeName: "raftkv.kv.v1.PutOperation",
  withPrevious: false,
  keepValue: false,
} as const;

export function putRequest(
  key: Uint8Array,
  value: Uint8Array,
  lease: PutLeaseFields = NO_LEASE,
): WriteRequest<PutResult> {
  return {
    name: "put",
    operation: { case: "put", value: { ...PLAIN_PUT, ...lease, key, value } },
    bytes: key.length + value.length + overheadBytes,
    toResult: (result) =>
      result.case === "put" ? { revision: safeInteger(result.value.revision, "revision") } : undefined,
  };
}

export function deleteRequest(key: Uint8Array): WriteRequest<DeleteResult> {
  return {
    name: "delete",
    operation: { case: "delete", value: { $typeName: "raftkv.kv.v1.DeleteOperation", key, withPrevious: false } },
    bytes: key.length + overheadBytes,
    toResult: (result) =>
      result.case === "delete"
        ? { revision: safeInteger(result.value.revision, "revision"), deleted: result.value.deleted }
        : undefined,
  };
}

export interface CompactResult {
  /** The earliest revision that can be read from now on. */
  readonly compactRevision: number;
}

export function compactRequest(revision: number): WriteRequest<CompactResult> {
  const value = { $typeName: "raftkv.kv.v1.CompactOperation", revision: BigInt(revision) } as const;
  return {
    name: "compact",
    operation: { case: "compact", value },
    bytes: overheadBytes,
    toResult: (result) =>
      result.case === "compact"
        ? { compactRevision: safeInteger(result.value.compactRevision, "compact revision") }
        : undefined,
  };
}

export function closeSessionRequest(): WriteRequest<true> {
  return {
    name: "close",
    operation: { case: "closeSession", value: { $typeName: "raftkv.kv.v1.CloseSessionOperation" } },
    bytes: overheadBytes,
    boundToSession: true,
    toResult: (result) => (result.case === "closeSession" ? true : undefined),
  };
}

/** An encoded batch that opens a session: alone, and without a session. */
export function encodeOpenSession(ttlMs: number): Uint8Array {
  const operation = create(OperationSchema, { operation: { case: "openSession", value: { ttlMs: BigInt(ttlMs) } } });
  return toBinary(CommandBatchSchema, create(CommandBatchSchema, { operations: [operation] }));
}
