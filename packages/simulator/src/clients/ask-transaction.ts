import {
  type Comparable,
  type Comparison,
  type DeleteRangeResult,
  type DeleteResult,
  type Fence,
  type KeyValue,
  key,
  keys,
  type PutResult,
  type RaftKv,
  type RangeStepResult,
  type Step,
  step,
} from "@raftkv/kv-client";
import type { LeasedCall, LeasedComparison, LeasedTransaction, PutLease } from "../history/models/leased-operation.ts";
import type { StoreAnswer } from "../history/models/store-operation.ts";
import { entryOf } from "./entry-of.ts";

interface NestedResult {
  readonly succeeded: boolean;
  readonly revision: number;
  readonly results: readonly StepResult[];
}

type StepResult = PutResult | DeleteResult | DeleteRangeResult | KeyValue | RangeStepResult | NestedResult | undefined;

export type TransactionAnswer = Extract<StoreAnswer, { kind: "transaction" }>;

/** Has the real client carry it out, and tells the answer as the model tells it. */
export async function askTransaction(
  kv: RaftKv,
  transaction: LeasedTransaction,
  fence: Fence | undefined,
): Promise<TransactionAnswer & { readonly revision: number }> {
  const result = await kv.transaction(specOf(transaction), fence === undefined ? {} : { fence });
  return { ...transactionAnswer(transaction, result), revision: result.revision };
}

/** What a put says of the lease of its key, in the words of the real client. */
export function leaseOptionsOf(lease: PutLease | undefined): {
  readonly lease?: number;
  readonly ttlMs?: number;
  readonly keepLease?: boolean;
} {
  if (lease === undefined) return {};
  if (lease === "kept") return { keepLease: true };
  return "id" in lease ? { lease: lease.id } : { ttlMs: lease.ttlMs };
}

function specOf({ compare, then, else: otherwise }: LeasedTransaction) {
  return { if: compare.map(comparisonOf), do: then.map(stepOf), else: otherwise.map(stepOf) };
}

function transactionAnswer(
  { then, else: otherwise }: LeasedTransaction,
  { succeeded, results }: NestedResult,
): TransactionAnswer {
  const done = succeeded ? then : otherwise;
  const answers = results.map((result, position) => answerOf(done[position], result));
  return { kind: "transaction", succeeded, answers };
}

function comparisonOf({ key: name, rangeEnd, target, is, to }: LeasedComparison): Comparison {
  const subject = rangeEnd === undefined ? key(name) : keys({ from: name, to: rangeEnd });
  if (target === "value") return compared(subject.value, is, String(to));
  if (typeof to !== "number") throw new Error(`a ${target} is compared with ${to}`);
  return compared(subject[target], is, to);
}

function compared<Operand>(comparable: Comparable<Operand>, is: LeasedComparison["is"], to: Operand): Comparison {
  if (is === "=") return comparable.equals(to);
  if (is === "!=") return comparable.notEquals(to);
  return is === "<" ? comparable.lessThan(to) : comparable.greaterThan(to);
}

function stepOf(call: LeasedCall): Step<StepResult> {
  switch (call.kind) {
    case "put":
      return step.put(call.key, call.value, {
        ...leaseOptionsOf(call.lease),
        ...(call.value === undefined && { keepValue: true }),
      });
    case "delete":
      return call.to === undefined ? step.delete(call.key) : step.deleteRange({ from: call.key, to: call.to });
    case "get":
      return step.get(call.key);
    case "range":
      return step.range({ from: call.from, to: call.to, ...(call.limit !== undefined && { limit: call.limit }) });
    case "transaction":
      return step.transaction(specOf(call));
    default:
      throw new Error(`steps of ${call.kind} are not drawn`);
  }
}

function answerOf(call: LeasedCall | undefined, result: StepResult): StoreAnswer {
  if (call?.kind === "get" && result === undefined) return { kind: "get", entry: null };
  if (result === undefined) throw new Error(`a ${call?.kind} was answered with nothing`);
  if (call?.kind === "transaction" && "succeeded" in result) return transactionAnswer(call, result);
  if (call?.kind === "get" && "text" in result) return { kind: "get", entry: entryOf(result) };
  if (call?.kind === "range" && "entries" in result) {
    return { kind: "range", entries: result.entries.map(entryOf), count: result.count };
  }
  if (call?.kind === "delete" && "deleted" in result) return { kind: "delete", deleted: Number(result.deleted) };
  if (call?.kind === "put" && "revision" in result) return { kind: "put" };
  throw new Error(`a ${call?.kind} was answered with ${JSON.stringify(result)}`);
}
