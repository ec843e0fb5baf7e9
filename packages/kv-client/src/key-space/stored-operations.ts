import type {
  Comparison,
  DeleteRangeOperation,
  Fence,
  Operation,
  ReadOperation,
  TransactionOperation,
  TransactionStep,
} from "@raftkv/proto/kv";
import type { KeySpace } from "./key-space.ts";

// Operations as the cluster is asked for them, out of those that a namespace speaks of. A new operation does not compile
// before it is said here where its keys are.

export function toStoredWrite(keys: KeySpace, operation: Operation["operation"]): Operation["operation"] {
  switch (operation.case) {
    case "put":
      return { case: "put", value: withKey(keys, operation.value) };
    case "delete":
      return { case: "delete", value: withKey(keys, operation.value) };
    case "deleteRange":
      return { case: "deleteRange", value: withDeletedBounds(keys, operation.value) };
    case "transaction":
      return { case: "transaction", value: toStoredTransaction(keys, operation.value) };
    case "openSession":
    case "closeSession":
    case "skip":
    case "compact":
    case "raiseApplyVersion":
    case "grantLease":
    case "keepLeaseAlive":
    case "revokeLease":
    case "expireLeases":
    case "checkState":
    case undefined:
      return operation;
  }
}

/** The locks of a namespace stand in it. */
export function toStoredFence(keys: KeySpace, fence: Fence): Fence {
  return withKey(keys, fence);
}

export function toStoredRead(keys: KeySpace, operation: ReadOperation["operation"]): ReadOperation["operation"] {
  switch (operation.case) {
    case "get":
      return { case: "get", value: withKey(keys, operation.value) };
    case "range":
      return { case: "range", value: withBounds(keys, operation.value) };
    case "history":
      return { case: "history", value: withKey(keys, operation.value) };
    case "lease":
    case "leases":
    case undefined:
      return operation;
  }
}

function toStoredTransaction(keys: KeySpace, transaction: TransactionOperation): TransactionOperation {
  return {
    ...transaction,
    comparisons: transaction.comparisons.map((comparison) => toStoredComparison(keys, comparison)),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
    then: transaction.then.map((step) => toStoredStep(keys, step)),
    otherwise: transaction.otherwise.map((step) => toStoredStep(keys, step)),
  };
}

function toStoredStep(keys: KeySpace, { step, ...rest }: TransactionStep): TransactionStep {
  switch (step.case) {
    case "put":
      return { ...rest, step: { case: "put", value: withKey(keys, step.value) } };
    case "delete":
      return { ...rest, step: { case: "delete", value: withKey(keys, step.value) } };
    case "get":
      return { ...rest, step: { case: "get", value: withKey(keys, step.value) } };
    case "deleteRange":
      return { ...rest, step: { case: "deleteRange", value: withDeletedBounds(keys, step.value) } };
    case "range":
      return { ...rest, step: { case: "range", value: withBounds(keys, step.value) } };
    case "transaction":
      return { ...rest, step: { case: "transaction", value: toStoredTransaction(keys, step.value) } };
    case undefined:
      return { ...rest, step };
  }
}

/** Of one key, or of all up to `to`, or (`toLast`) to the last. */
function toStoredComparison(keys: KeySpace, comparison: Comparison): Comparison {
  const { key, to, toLast } = comparison;
  if (to.length === 0 && !toLast) return withKey(keys, comparison);
  const storedTo = keys.toStoredTo(to);
  return { ...comparison, key: keys.toStoredFrom(key), to: storedTo, toLast: storedTo.length === 0 };
}

function withKey<T extends { readonly key: Uint8Array }>(keys: KeySpace, value: T): T {
  return { ...value, key: keys.toStored(value.key) };
}

function withBounds<T extends { readonly from: Uint8Array; readonly to: Uint8Array }>(keys: KeySpace, value: T): T {
  return { ...value, from: keys.toStoredFrom(value.from), to: keys.toStoredTo(value.to) };
}

/** All keys of a namespace are not all that there are. */
function withDeletedBounds(keys: KeySpace, value: DeleteRangeOperation): DeleteRangeOperation {
  return { ...withBounds(keys, value), all: false };
}
