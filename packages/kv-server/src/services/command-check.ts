import { ErrorCode } from "@raftkv/proto/kv";
import type { KvLimits } from "../limits.ts";
import type { DeleteRangeOperation, EntryContent, Operation } from "../state/command.ts";
import { hasTransactions, keepsHistory } from "../state/counters.ts";
import type { Failure } from "./kv-failure.ts";
import { checkLeaseOperation, checkPutLease } from "./lease-check.ts";
import { CLUSTER_TOO_OLD, NO_HISTORY } from "./too-old.ts";
import { checkTransaction } from "./transaction-check.ts";

/** What is wrong with a command batch, before it is proposed; undefined: nothing. */
export function checkCommand(content: EntryContent, limits: KvLimits, applyVersion: number): Failure | undefined {
  if (content.kind === "malformed") {
    return { code: ErrorCode.INVALID_REQUEST, message: "the command batch cannot be decoded" };
  }
  const { operations } = content.command;
  if (operations.length > limits.maxBatchOperations) {
    return {
      code: ErrorCode.INVALID_REQUEST,
      message: `the batch has ${operations.length} operations, at most ${limits.maxBatchOperations} are allowed`,
    };
  }
  for (const [i, operation] of operations.entries()) {
    const failure = checkOperation(operation, limits, applyVersion);
    if (failure === undefined) continue;
    return operations.length === 1 ? failure : { ...failure, message: `operations[${i}]: ${failure.message}` };
  }
  return undefined;
}

function checkOperation(operation: Operation, limits: KvLimits, applyVersion: number): Failure | undefined {
  switch (operation.kind) {
    case "put":
      return (
        (operation.options === undefined ? undefined : checkVersion(applyVersion)) ??
        checkPutLease(operation.options?.lease) ??
        checkKey(operation.key, limits) ??
        checkValue(operation.value, limits)
      );
    case "delete":
      return (operation.withPrevious ? checkVersion(applyVersion) : undefined) ?? checkKey(operation.key, limits);
    case "deleteRange":
      return checkVersion(applyVersion) ?? checkDeleteRange(operation);
    case "transaction":
      return checkVersion(applyVersion) ?? checkTransaction(operation, limits);
    case "fenced":
      return (
        checkVersion(applyVersion) ??
        checkKey(operation.fence.key, limits) ??
        checkOperation(operation.operation, limits, applyVersion)
      );
    case "invalid":
      return { code: ErrorCode.INVALID_REQUEST, message: operation.reason };
    case "compact":
      return !keepsHistory({ applyVersion }) ? NO_HISTORY : checkRevision(operation.revision);
    case "raiseApplyVersion":
      return { code: ErrorCode.INVALID_REQUEST, message: "only the leader itself raises the apply version" };
    case "checkState":
      return { code: ErrorCode.INVALID_REQUEST, message: "a check of the state is begun with BeginCheck" };
    case "grantLease":
    case "keepLeaseAlive":
    case "revokeLease":
    case "expireLeases":
      return checkLeaseOperation(operation, applyVersion);
    case "unknown":
      return { code: ErrorCode.INVALID_REQUEST, message: "the operation is unknown to this version of raftkv" };
    default:
      return undefined;
  }
}

function checkVersion(applyVersion: number): Failure | undefined {
  return hasTransactions({ applyVersion }) ? undefined : CLUSTER_TOO_OLD;
}

/** Whoever names no keys has mistaken a field's name more often than the extent of what is to go. */
export function checkDeleteRange({ from, to, all }: DeleteRangeOperation): Failure | undefined {
  const isBounded = from.length > 0 || to !== undefined;
  if (isBounded !== all) return undefined;
  const message = isBounded
    ? "all excludes from and to: it deletes every key"
    : "the deletion names no keys: set from or to, or all to delete every key";
  return { code: ErrorCode.INVALID_REQUEST, message };
}

function checkRevision(revision: number): Failure | undefined {
  if (Number.isSafeInteger(revision) && revision > 0) return undefined;
  return { code: ErrorCode.INVALID_REQUEST, message: `the revision is ${revision}, expected one from 1 on` };
}

export function checkKey(key: Uint8Array, limits: KvLimits): Failure | undefined {
  if (key.length === 0) return { code: ErrorCode.KEY_EMPTY, message: "the key is empty" };
  if (key.length <= limits.maxKeyBytes) return undefined;
  return {
    code: ErrorCode.KEY_TOO_LARGE,
    message: `the key has ${key.length} bytes, at most ${limits.maxKeyBytes} are allowed`,
  };
}

export function checkValue(value: Uint8Array, limits: KvLimits): Failure | undefined {
  if (value.length <= limits.maxValueBytes) return undefined;
  return {
    code: ErrorCode.VALUE_TOO_LARGE,
    message: `the value has ${value.length} bytes, at most ${limits.maxValueBytes} are allowed`,
  };
}
