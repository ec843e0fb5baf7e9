import { type Comparison, ComparisonRelation, type Operation, type TransactionStep } from "@raftkv/proto/kv";
import type { StoreCall, StoreComparison } from "../history/models/store-operation.ts";

const relations: Readonly<Record<ComparisonRelation, StoreComparison["is"] | undefined>> = {
  [ComparisonRelation.UNSPECIFIED]: undefined,
  [ComparisonRelation.EQUAL]: "=",
  [ComparisonRelation.NOT_EQUAL]: "!=",
  [ComparisonRelation.LESS]: "<",
  [ComparisonRelation.GREATER]: ">",
};

/** A command that writes, in the words of the model. Throws for what the model does not know. */
export function storeCallOf({ operation }: Operation | Pick<Operation, "operation">): StoreCall {
  if (operation.case !== "transaction") return simpleCallOf(operation);
  const { comparisons, then, otherwise } = operation.value;
  return {
    kind: "transaction",
    compare: comparisons.map(comparisonOf),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
    then: then.map(({ step }) => simpleCallOf(step)),
    else: otherwise.map(({ step }) => simpleCallOf(step)),
  };
}

function simpleCallOf(operation: Operation["operation"] | TransactionStep["step"]): StoreCall {
  switch (operation.case) {
    case "put":
      return { kind: "put", key: text(operation.value.key), value: text(operation.value.value) };
    case "delete":
      return { kind: "delete", key: text(operation.value.key) };
    case "deleteRange":
      return { kind: "delete", key: text(operation.value.from), to: text(operation.value.to) };
    case "get":
      return { kind: "get", key: text(operation.value.key) };
    case "range": {
      const { from, to, limit } = operation.value;
      return { kind: "range", from: text(from), to: text(to), limit: limit === 0 ? undefined : limit };
    }
    default:
      throw new Error(`the model knows no ${operation.case}`);
  }
}

function comparisonOf({ key, relation, target }: Comparison): StoreComparison {
  const is = relations[relation];
  const isKnown = target.case === "version" || target.case === "createRevision" || target.case === "modRevision";
  if (is === undefined || !isKnown) throw new Error(`the model knows no comparison of ${target.case}`);
  return { key: text(key), target: target.case, is, to: Number(target.value) };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
