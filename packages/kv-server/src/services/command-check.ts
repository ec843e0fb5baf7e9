import { ErrorCode } from "@raftkv/proto/kv";
import type { KvLimits } from "../limits.ts";
import type { EntryContent, Operation } from "../state/command.ts";
import type { Failure } from "./kv-failure.ts";

/** What is wrong with a command batch, before it is proposed; undefined: nothing. */
export function checkCommand(content: EntryContent, limits: KvLimits): Failure | undefined {
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
    const failure = checkOperation(operation, limits);
    if (failure === undefined) continue;
    return operations.length === 1 ? failure : { ...failure, message: `operations[${i}]: ${failure.message}` };
  }
  return undefined;
}

function checkOperation(operation: Operation, limits: KvLimits): Failure | undefined {
  switch (operation.kind) {
    case "put":
      return checkKey(operation.key, limits) ?? checkValue(operation.value, limits);
    case "delete":
      return checkKey(operation.key, limits);
    case "unknown":
      return { code: ErrorCode.INVALID_REQUEST, message: "the operation is unknown to this version of raftkv" };
    default:
      return undefined;
  }
}

export function checkKey(key: Uint8Array, limits: KvLimits): Failure | undefined {
  if (key.length === 0) return { code: ErrorCode.KEY_EMPTY, message: "the key is empty" };
  if (key.length <= limits.maxKeyBytes) return undefined;
  return {
    code: ErrorCode.KEY_TOO_LARGE,
    message: `the key has ${key.length} bytes, at most ${limits.maxKeyBytes} are allowed`,
  };
}

function checkValue(value: Uint8Array, limits: KvLimits): Failure | undefined {
  if (value.length <= limits.maxValueBytes) return undefined;
  return {
    code: ErrorCode.VALUE_TOO_LARGE,
    message: `the value has ${value.length} bytes, at most ${limits.maxValueBytes} are allowed`,
  };
}
