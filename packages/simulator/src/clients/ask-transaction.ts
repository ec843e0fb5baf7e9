import {
  type Comparison,
  type DeleteRangeResult,
  type DeleteResult,
  type KeyValue,
  key,
  type PutResult,
  type RaftKv,
  type RangeStepResult,
  type Step,
  step,
} from "@raftkv/kv-client";
import type {
  StoreAnswer,
  StoreCall,
  StoreComparison,
  StoreEntry,
  StoreTransaction,
} from "../history/models/store-operation.ts";

type StepResult = PutResult | DeleteResult | DeleteRangeResult | KeyValue | RangeStepResult | undefined;

export type TransactionAnswer = Extract<StoreAnswer, { kind: "transaction" }>;

/** Has the real client carry it out, and tells the answer as the model tells it. */
export async function askTransaction(kv: RaftKv, transaction: StoreTransaction): Promise<TransactionAnswer> {
  const { compare, then, else: otherwise } = transaction;
  const { succeeded, revision, results } = await kv.transaction({
    if: compare.map(comparisonOf),
    do: then.map(stepOf),
    else: otherwise.map(stepOf),
  });
  const done = succeeded ? then : otherwise;
  const answers = results.map((result, position) => answerOf(done[position], result));
  return { kind: "transaction", succeeded, revision, answers };
}

function comparisonOf({ key: name, target, is, to }: StoreComparison): Comparison {
  if (target === "value" || typeof to !== "number") throw new Error(`comparisons of ${target} are not drawn`);
  const comparable = key(name)[target];
  if (is === "=") return comparable.equals(to);
  if (is === "!=") return comparable.notEquals(to);
  return is === "<" ? comparable.lessThan(to) : comparable.greaterThan(to);
}

function stepOf(call: StoreCall): Step<StepResult> {
  switch (call.kind) {
    case "put":
      return step.put(call.key, call.value);
    case "delete":
      return call.to === undefined ? step.delete(call.key) : step.deleteRange({ from: call.key, to: call.to });
    case "get":
      return step.get(call.key);
    case "range":
      return step.range({ from: call.from, to: call.to, ...(call.limit !== undefined && { limit: call.limit }) });
    default:
      throw new Error(`steps of ${call.kind} are not drawn`);
  }
}

function answerOf(call: StoreCall | undefined, result: StepResult): StoreAnswer {
  if (call?.kind === "get" && result === undefined) return { kind: "get", entry: null };
  if (result === undefined) throw new Error(`a ${call?.kind} was answered with nothing`);
  if (call?.kind === "get" && "text" in result) return { kind: "get", entry: entryOf(result) };
  if (call?.kind === "range" && "entries" in result) {
    return { kind: "range", entries: result.entries.map(entryOf), count: result.count };
  }
  if (call?.kind === "delete" && "deleted" in result) return { kind: "delete", deleted: Number(result.deleted) };
  if (call?.kind === "put" && "revision" in result) return { kind: "put" };
  throw new Error(`a ${call?.kind} was answered with ${JSON.stringify(result)}`);
}

function entryOf({ key: name, text, version, modRevision, createRevision }: KeyValue): Required<StoreEntry> {
  return { key: name, value: text, version, createRevision, modRevision };
}
