import { ErrorCode } from "@raftkv/proto/kv";
import type { KvLimits } from "../limits.ts";
import type { TransactionOperation, TransactionStep } from "../state/command.ts";
import { checkDeleteRange, checkKey, checkValue } from "./command-check.ts";
import { refusalFailure } from "./error-mapping.ts";
import type { Failure } from "./kv-failure.ts";

/** What is wrong with a transaction, before it is proposed; undefined: nothing that shows without the state. */
export function checkTransaction(operation: TransactionOperation, limits: KvLimits): Failure | undefined {
  const { extent, problem } = operation;
  const failure =
    checkExtent("steps", extent.steps, limits.maxTransactionSteps) ??
    checkExtent("comparisons", extent.comparisons, limits.maxTransactionComparisons) ??
    checkExtent("transactions within one another", extent.depth, limits.maxTransactionDepth);
  if (failure !== undefined) return failure;
  return problem === undefined ? checkParts(operation, limits) : refusalFailure({ kind: "refused", code: problem });
}

function checkExtent(what: string, found: number, most: number): Failure | undefined {
  if (found <= most) return undefined;
  return {
    code: ErrorCode.OPERATION_TOO_LARGE,
    message: `the transaction has ${found} ${what}, with those nested in it and in both branches; at most ${most} are allowed`,
  };
}

function checkParts({ comparisons, then, otherwise }: TransactionOperation, limits: KvLimits): Failure | undefined {
  for (const [i, { key, range }] of comparisons.entries()) {
    const failure = range === undefined ? checkKey(key, limits) : undefined;
    if (failure !== undefined) return within(`comparisons[${i}]`, failure);
  }
  return checkSteps("then", then, limits) ?? checkSteps("otherwise", otherwise, limits);
}

function checkSteps(field: string, steps: readonly TransactionStep[], limits: KvLimits): Failure | undefined {
  for (const [i, step] of steps.entries()) {
    const failure = checkStep(step, limits);
    if (failure !== undefined) return within(`${field}[${i}]`, failure);
  }
  return undefined;
}

function checkStep(step: TransactionStep, limits: KvLimits): Failure | undefined {
  switch (step.kind) {
    case "put":
      return checkKey(step.key, limits) ?? checkValue(step.value, limits);
    case "delete":
    case "get":
      return checkKey(step.key, limits);
    case "transaction":
      return checkParts(step, limits);
    case "deleteRange":
      return checkDeleteRange(step);
    case "range":
      return undefined;
  }
}

function within(where: string, failure: Failure): Failure {
  return { ...failure, message: `${where}: ${failure.message}` };
}
