import { create } from "@bufbuild/protobuf";
import {
  type KeyValue,
  type Operation,
  type OperationResult,
  OperationResultSchema,
  StepResultSchema,
  type TransactionOperation,
  type TransactionStep,
} from "@raftkv/proto/kv";

export interface TransactionParts {
  readonly entry: (key: Uint8Array) => KeyValue | undefined;
  readonly perform: (operation: Operation["operation"]) => OperationResult;
  readonly revision: () => bigint;
}

/** Compares mod revisions for being equal, gets, puts and deletes: each at a revision of its own, and no more than that. */
export function fakeTransaction(transaction: TransactionOperation, parts: TransactionParts): OperationResult {
  const succeeded = transaction.comparisons.every(({ key, target }) => {
    if (target.case !== "modRevision") throw new Error(`the fake store compares no ${target.case}`);
    return (parts.entry(key)?.modRevision ?? 0n) === target.value;
  });
  const results = (succeeded ? transaction.then : transaction.otherwise).map((step) => performStep(step, parts));
  return create(OperationResultSchema, {
    result: { case: "transaction", value: { succeeded, results, revision: parts.revision() } },
  });
}

function performStep({ step }: TransactionStep, { entry, perform }: TransactionParts) {
  if (step.case === "get") {
    const found = entry(step.value.key);
    return create(StepResultSchema, { result: { case: "get", value: found === undefined ? {} : { entry: found } } });
  }
  if (step.case !== "put" && step.case !== "delete") throw new Error(`the fake store has no step ${step.case}`);
  const { result } = perform(step);
  if (result.case !== "put" && result.case !== "delete") throw new Error("unreachable");
  return create(StepResultSchema, { result });
}
