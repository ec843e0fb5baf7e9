import type { DeleteRangeResult, DeleteResult, PutResult, StepResult, TransactionResult } from "@raftkv/proto/kv";
import type { DeleteAnswer, DeleteRangeAnswer, PutAnswer, StepAnswer, TransactionAnswer } from "../state/answer.ts";
import type { KeyEntry } from "../state/key-record.ts";
import { keyValue } from "./key-value-message.ts";

/** `asText`: keys and values also as text, where they are that. */
export function putResult({ revision, previous }: PutAnswer, asText: boolean): PutResult {
  if (previous === undefined) return { $typeName: "raftkv.kv.v1.PutResult", revision: BigInt(revision) };
  return { $typeName: "raftkv.kv.v1.PutResult", revision: BigInt(revision), previous: keyValue(previous, asText) };
}

export function deleteResult({ revision, deleted, previous }: DeleteAnswer, asText: boolean): DeleteResult {
  return {
    $typeName: "raftkv.kv.v1.DeleteResult",
    revision: BigInt(revision),
    deleted,
    ...(previous === undefined ? {} : { previous: keyValue(previous, asText) }),
  };
}

export function deleteRangeResult(
  { revision, deleted, previous }: DeleteRangeAnswer,
  asText: boolean,
): DeleteRangeResult {
  return {
    $typeName: "raftkv.kv.v1.DeleteRangeResult",
    revision: BigInt(revision),
    deleted: BigInt(deleted),
    previous: previous.map((entry) => keyValue(entry, asText)),
  };
}

export function transactionResult({ revision, succeeded, results }: TransactionAnswer): TransactionResult {
  return {
    $typeName: "raftkv.kv.v1.TransactionResult",
    revision: BigInt(revision),
    succeeded,
    results: results.map((result) => ({ $typeName: "raftkv.kv.v1.StepResult", result: stepResult(result) })),
  };
}

function stepResult(answer: StepAnswer): StepResult["result"] {
  switch (answer.kind) {
    case "put":
      return { case: "put", value: putResult(answer, false) };
    case "delete":
      return { case: "delete", value: deleteResult(answer, false) };
    case "deleteRange":
      return { case: "deleteRange", value: deleteRangeResult(answer, false) };
    case "transaction":
      return { case: "transaction", value: transactionResult(answer) };
    case "get": {
      const entry = answer.entry === undefined ? {} : { entry: keyValue(answer.entry, false) };
      return { case: "get", value: { $typeName: "raftkv.kv.v1.GetStepResult", ...entry } };
    }
    case "range": {
      const { more, count } = answer;
      const entries = entriesOf(answer.entries);
      return {
        case: "range",
        value: { $typeName: "raftkv.kv.v1.RangeStepResult", entries, more, count: BigInt(count) },
      };
    }
  }
}

function entriesOf(entries: readonly KeyEntry[]) {
  return entries.map((entry) => keyValue(entry, false));
}
