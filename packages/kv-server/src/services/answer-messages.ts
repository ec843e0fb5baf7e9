import type {
  CommandResults,
  ErrorDetail,
  ExchangeResponse,
  OperationResult,
  KeyWrite as WireKeyWrite,
} from "@raftkv/proto/kv";
import type { Answer } from "../state/answer.ts";
import type { KeyWrite } from "../state/read.ts";
import { errorDetail, refusalFailure } from "./error-mapping.ts";
import { keyValue } from "./key-value-message.ts";
import { leaseResult } from "./lease-messages.ts";
import { deleteRangeResult, deleteResult, putResult, transactionResult } from "./write-messages.ts";

/*
 * Messages are put together as plain literals: one is made for each operation, and `create` would go through each field
 * of each of them again.
 */

export function keyWrite({ revision, entry }: KeyWrite, asText: boolean): WireKeyWrite {
  return {
    $typeName: "raftkv.kv.v1.KeyWrite",
    revision: BigInt(revision),
    ...(entry === undefined ? {} : { entry: keyValue(entry, asText) }),
  };
}

export function exchangeResponse(requestId: bigint, response: ExchangeResponse["response"]): ExchangeResponse {
  return { $typeName: "raftkv.kv.v1.ExchangeResponse", requestId, response };
}

export function exchangeError(requestId: bigint, error: ErrorDetail): ExchangeResponse {
  return exchangeResponse(requestId, { case: "error", value: error });
}

export function commandResults(answers: readonly Answer[]): CommandResults {
  return { $typeName: "raftkv.kv.v1.CommandResults", results: answers.map(operationResult) };
}

function operationResult(answer: Answer): OperationResult {
  return { $typeName: "raftkv.kv.v1.OperationResult", result: resultOf(answer) };
}

function resultOf(answer: Answer): OperationResult["result"] {
  switch (answer.kind) {
    case "put":
      return { case: "put", value: putResult(answer, false) };
    case "delete":
      return { case: "delete", value: deleteResult(answer, false) };
    case "deleteRange":
      return { case: "deleteRange", value: deleteRangeResult(answer, false) };
    case "transaction":
      return { case: "transaction", value: transactionResult(answer) };
    case "openSession": {
      const sessionId = BigInt(answer.sessionId);
      return { case: "openSession", value: { $typeName: "raftkv.kv.v1.OpenSessionResult", sessionId } };
    }
    case "closeSession":
      return { case: "closeSession", value: { $typeName: "raftkv.kv.v1.CloseSessionResult" } };
    case "skip":
      return { case: "skip", value: { $typeName: "raftkv.kv.v1.SkipResult" } };
    case "compact": {
      const compactRevision = BigInt(answer.compactRevision);
      return { case: "compact", value: { $typeName: "raftkv.kv.v1.CompactResult", compactRevision } };
    }
    case "raiseApplyVersion": {
      const { applyVersion } = answer;
      return { case: "raiseApplyVersion", value: { $typeName: "raftkv.kv.v1.RaiseApplyVersionResult", applyVersion } };
    }
    case "grantLease":
    case "keepLeaseAlive":
    case "revokeLease":
    case "expireLeases":
      return leaseResult(answer);
    case "checkState": {
      const index = BigInt(answer.index);
      return { case: "checkState", value: { $typeName: "raftkv.kv.v1.CheckStateResult", index } };
    }
    case "refused":
      return { case: "error", value: errorDetail(refusalFailure(answer)) };
  }
}
