import type {
  Comparison,
  EntryContent,
  Operation,
  PutOperation,
  RangeStep,
  TransactionOperation,
  TransactionStep,
} from "./command.ts";
import type { KeyId } from "./key-id.ts";

/** Takes down what an operation needs to know of the present state. */
export interface NeedsList {
  /** The key's record. */
  key(id: KeyId): void;
  /** The key's record and value. */
  value(id: KeyId): void;
  /** The records of all keys in the range, and some of their values. */
  range(need: RangeNeed): void;
  /** The key may be deleted. */
  deletes(id: KeyId): void;
}

export interface RangeNeed {
  readonly from: Uint8Array;
  /** Exclusive; undefined: to the last key. */
  readonly to: Uint8Array | undefined;
  /** Those that may be shown: the first ones in an order that do not depend on values. */
  readonly values: "none" | "all" | Pick<RangeStep, "limit" | "order" | "filter">;
  /** All of its keys may be deleted. */
  readonly deletes: boolean;
}

/** Whether a command needs more than the records of keys that it names: then it is prefetched for by itself. */
export function needsMoreThanRecords(content: EntryContent | undefined): boolean {
  return content?.kind === "command" && content.command.operations.some(needsMore);
}

function needsMore(operation: Operation | TransactionStep): boolean {
  switch (operation.kind) {
    case "revokeLease":
    case "expireLeases":
    // Needs nothing, but what is applied at it has to be told apart from what comes after.
    case "checkState":
      return true;
    case "put":
      return putNeedsValue(operation);
    case "delete":
      return operation.withPrevious;
    case "deleteRange":
    case "get":
    case "range":
      return true;
    case "fenced":
      return needsMore(operation.operation);
    case "transaction":
      return (
        operation.comparisons.some(({ target, range }) => target.kind === "value" || range !== undefined) ||
        operation.then.some(needsMore) ||
        operation.otherwise.some(needsMore)
      );
    default:
      return false;
  }
}

function putNeedsValue({ options }: PutOperation): boolean {
  return options !== undefined && (options.withPrevious || options.keepValue);
}

/** What `operation` may look at, whatever becomes of it. */
export function listNeeds(operation: Operation | TransactionStep, needs: NeedsList): void {
  switch (operation.kind) {
    case "put":
      if (putNeedsValue(operation)) needs.value(operation.id);
      else needs.key(operation.id);
      return;
    case "delete":
      if (operation.withPrevious) needs.value(operation.id);
      else needs.key(operation.id);
      needs.deletes(operation.id);
      return;
    case "deleteRange": {
      const { from, to, withPrevious } = operation;
      needs.range({ from, to, values: withPrevious ? "all" : "none", deletes: true });
      return;
    }
    case "get":
      needs.value(operation.id);
      return;
    case "range":
      needs.range({ from: operation.from, to: operation.to, values: valuesOf(operation), deletes: false });
      return;
    case "fenced":
      needs.key(operation.fence.id);
      listNeeds(operation.operation, needs);
      return;
    case "transaction":
      listTransactionNeeds(operation, needs);
      return;
    case "invalid":
      if (operation.earlier !== undefined) listNeeds(operation.earlier, needs);
      return;
    default:
      return;
  }
}

function listTransactionNeeds({ problem, comparisons, then, otherwise }: TransactionOperation, needs: NeedsList): void {
  // It is refused without a look at the state.
  if (problem !== undefined) return;
  for (const comparison of comparisons) listComparisonNeeds(comparison, needs);
  for (const step of then) listNeeds(step, needs);
  for (const step of otherwise) listNeeds(step, needs);
}

function listComparisonNeeds({ id, key, range, target }: Comparison, needs: NeedsList): void {
  const withValue = target.kind === "value";
  if (range !== undefined) needs.range({ from: key, to: range.to, values: withValue ? "all" : "none", deletes: false });
  else if (withValue) needs.value(id);
  else needs.key(id);
}

function valuesOf({ keysOnly, countOnly, limit, order, filter }: RangeStep): RangeNeed["values"] {
  if (countOnly) return "none";
  if (order?.target === "value") return "all";
  return keysOnly ? "none" : { limit, order, filter };
}
