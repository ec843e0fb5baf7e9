import type {
  KeyValue,
  OperationResult,
  ReadResult,
  StepResult,
  TransactionResult,
  WatchEvent,
} from "@raftkv/proto/kv";
import type { KeySpace } from "./key-space.ts";

// Answers as a namespace gives them, out of those of the cluster. A new answer does not compile before it is said here
// where its keys are.

type Previous = { readonly previous?: KeyValue | undefined };

export function toOwnWriteResult(keys: KeySpace, result: OperationResult["result"]): OperationResult["result"] {
  switch (result.case) {
    case "put":
      return { case: "put", value: withOwnPrevious(keys, result.value) };
    case "delete":
      return { case: "delete", value: withOwnPrevious(keys, result.value) };
    case "deleteRange":
      return { case: "deleteRange", value: { ...result.value, previous: toOwnEntries(keys, result.value.previous) } };
    case "transaction":
      return { case: "transaction", value: toOwnTransactionResult(keys, result.value) };
    case "openSession":
    case "closeSession":
    case "skip":
    case "error":
    case "compact":
    case "raiseApplyVersion":
    case "grantLease":
    case "keepLeaseAlive":
    case "revokeLease":
    case "expireLeases":
    case "checkState":
    case undefined:
      return result;
  }
}

export function toOwnReadResult(keys: KeySpace, result: ReadResult["result"]): ReadResult["result"] {
  switch (result.case) {
    case "get":
      return { case: "get", value: withOwnEntry(keys, result.value) };
    case "range": {
      const { entries, next } = result.value;
      const ownNext = next.length === 0 ? next : keys.fromStored(next);
      return { case: "range", value: { ...result.value, entries: toOwnEntries(keys, entries), next: ownNext } };
    }
    case "history": {
      const writes = result.value.writes.map((write) => withOwnEntry(keys, write));
      return { case: "history", value: { ...result.value, writes } };
    }
    case "lease": {
      // A lease may have keys of any namespace: only those of this one are its business.
      const own = result.value.keys.filter((key) => keys.has(key)).map((key) => keys.fromStored(key));
      return { case: "lease", value: { ...result.value, keys: own } };
    }
    case "leases":
    case "error":
    case undefined:
      return result;
  }
}

export function toOwnEvent(keys: KeySpace, event: WatchEvent): WatchEvent {
  return withOwnPrevious(keys, withOwnEntry(keys, event));
}

function toOwnTransactionResult(keys: KeySpace, result: TransactionResult): TransactionResult {
  return { ...result, results: result.results.map((step) => toOwnStepResult(keys, step)) };
}

function toOwnStepResult(keys: KeySpace, { result, ...rest }: StepResult): StepResult {
  switch (result.case) {
    case "put":
      return { ...rest, result: { case: "put", value: withOwnPrevious(keys, result.value) } };
    case "delete":
      return { ...rest, result: { case: "delete", value: withOwnPrevious(keys, result.value) } };
    case "deleteRange": {
      const previous = toOwnEntries(keys, result.value.previous);
      return { ...rest, result: { case: "deleteRange", value: { ...result.value, previous } } };
    }
    case "get":
      return { ...rest, result: { case: "get", value: withOwnEntry(keys, result.value) } };
    case "range": {
      const entries = toOwnEntries(keys, result.value.entries);
      return { ...rest, result: { case: "range", value: { ...result.value, entries } } };
    }
    case "transaction":
      return { ...rest, result: { case: "transaction", value: toOwnTransactionResult(keys, result.value) } };
    case undefined:
      return { ...rest, result };
  }
}

function toOwnEntries(keys: KeySpace, entries: readonly KeyValue[]): KeyValue[] {
  return entries.map((entry) => toOwnEntry(keys, entry));
}

function toOwnEntry(keys: KeySpace, entry: KeyValue): KeyValue {
  return { ...entry, key: keys.fromStored(entry.key) };
}

function withOwnPrevious<T extends Previous>(keys: KeySpace, value: T): T {
  return value.previous === undefined ? value : { ...value, previous: toOwnEntry(keys, value.previous) };
}

function withOwnEntry<T extends { readonly entry?: KeyValue | undefined }>(keys: KeySpace, value: T): T {
  return value.entry === undefined ? value : { ...value, entry: toOwnEntry(keys, value.entry) };
}
