import {
  type Comparison,
  ComparisonRelation,
  type Operation,
  type TransactionOperation,
  type TransactionStep,
} from "@raftkv/proto/kv";
import { textOf } from "../clients/utf8.ts";
import type { StoreCall, StoreComparison, StoreTransaction } from "../history/models/store-operation.ts";

const relations: Readonly<Record<ComparisonRelation, StoreComparison["is"] | undefined>> = {
  [ComparisonRelation.UNSPECIFIED]: undefined,
  [ComparisonRelation.EQUAL]: "=",
  [ComparisonRelation.NOT_EQUAL]: "!=",
  [ComparisonRelation.LESS]: "<",
  [ComparisonRelation.GREATER]: ">",
};

/** The value that a key has before the command; undefined: there is no such key. */
type ValueBefore = (key: string) => string | undefined;

/** A command that writes, in the words of the model. Throws for what the model does not know. */
export function storeCallOf({ operation }: Pick<Operation, "operation">, valueBefore: ValueBefore): StoreCall {
  return operation.case === "transaction"
    ? transactionOf(operation.value, valueBefore)
    : simpleCallOf(operation, valueBefore);
}

function transactionOf(
  { comparisons, then, otherwise }: TransactionOperation,
  valueBefore: ValueBefore,
): StoreTransaction {
  return {
    kind: "transaction",
    compare: comparisons.flatMap(comparisonOf),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
    then: then.map(({ step }) => stepOf(step, valueBefore)),
    else: otherwise.map(({ step }) => stepOf(step, valueBefore)),
  };
}

function stepOf(step: TransactionStep["step"], valueBefore: ValueBefore): StoreCall {
  return step.case === "transaction" ? transactionOf(step.value, valueBefore) : simpleCallOf(step, valueBefore);
}

/** A put that keeps the value is one of that value: no command writes a key twice. */
function simpleCallOf(
  operation: Operation["operation"] | TransactionStep["step"],
  valueBefore: ValueBefore,
): StoreCall {
  switch (operation.case) {
    case "put": {
      const key = textOf(operation.value.key);
      const value = operation.value.keepValue ? valueBefore(key) : textOf(operation.value.value);
      return { kind: "put", key, value: value ?? "" };
    }
    case "delete":
      return { kind: "delete", key: textOf(operation.value.key) };
    case "deleteRange":
      return { kind: "delete", key: textOf(operation.value.from), to: textOf(operation.value.to) };
    case "get":
      return { kind: "get", key: textOf(operation.value.key) };
    case "range": {
      const { from, to, limit } = operation.value;
      return { kind: "range", from: textOf(from), to: textOf(to), limit: limit === 0 ? undefined : limit };
    }
    default:
      throw new Error(`the model knows no ${operation.case}`);
  }
}

function comparisonOf({ key: bytes, to, toLast, relation, target }: Comparison): readonly StoreComparison[] {
  const is = relations[relation];
  const isKnown = target.case !== undefined && target.case !== "leaseId" && !toLast;
  if (is === undefined || !isKnown) throw new Error(`the model knows no comparison of ${target.case}`);
  const subject = { key: textOf(bytes), ...(to.length > 0 && { rangeEnd: textOf(to) }) };
  if (target.case !== "value") return [{ ...subject, target: target.case, is, to: Number(target.value) }];
  const compared = { ...subject, target: target.case, is, to: textOf(target.value) };
  // The value of a key that is not there is unlike any for the model, and nothing holds of it for the store.
  return is === "!=" ? [compared, { ...subject, target: "version", is: ">", to: 0 }] : [compared];
}
