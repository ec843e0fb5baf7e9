import { create, toBinary } from "@bufbuild/protobuf";
import {
  CommandBatchSchema,
  type Fence,
  type Operation,
  type OperationResult,
  OperationSchema,
} from "@raftkv/proto/kv";
import { deletedRange, type KeyRangeTarget } from "./key-range.ts";
import { type PutLeaseOptions, putLeaseFields } from "./leases/put-lease.ts";
import type { OperationRequest } from "./operation.ts";
import type { KeepValueOptions } from "./put-value.ts";
import { safeInteger } from "./safe-integer.ts";
import { fenceOf, type WriteOptions } from "./write-options.ts";
import {
  type DeleteRangeResult,
  type DeleteResult,
  deleteRangeResult,
  deleteResult,
  type PutResult,
  putResult,
} from "./write-results.ts";

/** What a write wants, and how its answer is told. */
export interface WriteRequest<T> extends OperationRequest<T, OperationResult["result"]> {
  readonly operation: Operation["operation"];
  readonly fence?: Fence;
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
} as const;

export interface PutRequestOptions extends WriteOptions, PutLeaseOptions, KeepValueOptions {}

export function putRequest(
  key: Uint8Array,
  value: Uint8Array,
  options: PutRequestOptions = {},
): WriteRequest<PutResult> {
  const { previous: withPrevious = false, keepValue = false } = options;
  const fields = { ...putLeaseFields(options), key, value, withPrevious, keepValue };
  return {
    name: "put",
    operation: { case: "put", value: { ...PLAIN_PUT, ...fields } },
    ...fenceOf(options),
    bytes: key.length + value.length + overheadBytes,
    toResult: (result) => (result.case === "put" ? putResult(result.value) : undefined),
  };
}

export function deleteRequest(key: Uint8Array, options: WriteOptions = {}): WriteRequest<DeleteResult> {
  const withPrevious = options.previous ?? false;
  return {
    name: "delete",
    operation: { case: "delete", value: { $typeName: "raftkv.kv.v1.DeleteOperation", key, withPrevious } },
    ...fenceOf(options),
    bytes: key.length + overheadBytes,
    toResult: (result) => (result.case === "delete" ? deleteResult(result.value) : undefined),
  };
}

/** Throws INVALID_ARGUMENT. */
export function deleteRangeRequest(range: KeyRangeTarget, options: WriteOptions): WriteRequest<DeleteRangeResult> {
  const bounds = deletedRange("deleteRange", range);
  const { from, to } = bounds;
  const withPrevious = options.previous ?? false;
  const value = { $typeName: "raftkv.kv.v1.DeleteRangeOperation", ...bounds, withPrevious } as const;
  return {
    name: "deleteRange",
    operation: { case: "deleteRange", value },
    ...fenceOf(options),
    bytes: from.length + to.length + overheadBytes,
    toResult: (result) => (result.case === "deleteRange" ? deleteRangeResult(result.value) : undefined),
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
