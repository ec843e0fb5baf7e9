import {
  ComparisonRelation,
  type Comparison as WireComparison,
  type RangeStep as WireRangeStep,
  type TransactionStep as WireStep,
  type TransactionOperation as WireTransaction,
} from "@raftkv/proto/kv";
import type {
  Comparison,
  ComparisonTarget,
  RangeStep,
  Relation,
  TransactionOperation,
  TransactionStep,
} from "../state/command.ts";
import { keyId } from "../state/key-id.ts";
import { extentOf, problemOf } from "../state/transaction-check.ts";
import { decodeFilter, decodeLimit, decodeOrder } from "./range-codec.ts";
import { decodeDelete, decodeDeleteRange, decodePut, rangeEnd, type Undoable } from "./write-codec.ts";

/** A transaction of which any part makes no sense, or is unknown, is so as a whole. */
export function decodeTransaction(wire: WireTransaction): TransactionOperation | Undoable {
  const comparisons = decodeAll("comparisons", wire.comparisons, decodeComparison);
  if (!isList(comparisons)) return comparisons;
  const then = decodeAll("then", wire.then, decodeStep);
  if (!isList(then)) return then;
  const otherwise = decodeAll("otherwise", wire.otherwise, decodeStep);
  if (!isList(otherwise)) return otherwise;
  const parts = { comparisons, then, otherwise };
  const extent = extentOf(parts);
  return { kind: "transaction", ...parts, extent, problem: problemOf(parts, extent) };
}

function isList<Part>(decoded: readonly Part[] | Undoable): decoded is readonly Part[] {
  return Array.isArray(decoded);
}

function decodeAll<Wire, Part extends object>(
  field: string,
  wires: readonly Wire[],
  decode: (wire: Wire) => Part | Undoable,
): readonly Part[] | Undoable {
  const parts: Part[] = [];
  for (const [i, wire] of wires.entries()) {
    const part = decode(wire);
    if (isUndoable(part)) {
      return part.kind === "invalid" ? { kind: "invalid", reason: `${field}[${i}]: ${part.reason}` } : part;
    }
    parts.push(part);
  }
  return parts;
}

function isUndoable<Part extends object>(part: Part | Undoable): part is Undoable {
  return "kind" in part && (part.kind === "invalid" || part.kind === "unknown");
}

const RELATIONS: ReadonlyMap<ComparisonRelation, Relation> = new Map([
  [ComparisonRelation.EQUAL, "equal"],
  [ComparisonRelation.NOT_EQUAL, "notEqual"],
  [ComparisonRelation.LESS, "less"],
  [ComparisonRelation.GREATER, "greater"],
]);

function decodeComparison(wire: WireComparison): Comparison | Undoable {
  const { key, to, toLast } = wire;
  if (wire.relation === ComparisonRelation.UNSPECIFIED) return { kind: "invalid", reason: "relation is missing" };
  const relation = RELATIONS.get(wire.relation);
  if (relation === undefined) return { kind: "unknown" };
  const target = decodeTarget(wire.target);
  if (target === undefined) {
    return { kind: "invalid", reason: "it says nothing to compare with: set value, version, a revision or lease_id" };
  }
  if (toLast && to.length > 0) return { kind: "invalid", reason: "to and to_last exclude each other" };
  const range = toLast || to.length > 0 ? { to: rangeEnd(to) } : undefined;
  return { id: keyId(key), key, range, relation, target };
}

/** Numbers that are no safe integers lie above all that a key can have, however they are rounded. */
function decodeTarget(wire: WireComparison["target"]): ComparisonTarget | undefined {
  switch (wire.case) {
    case "value":
      return { kind: "value", value: wire.value };
    case "version":
    case "createRevision":
    case "modRevision":
    case "leaseId":
      return { kind: wire.case, number: Number(wire.value) };
    default:
      return undefined;
  }
}

function decodeStep({ step }: WireStep): TransactionStep | Undoable {
  switch (step.case) {
    case "put":
      return decodePut(step.value);
    case "delete":
      return decodeDelete(step.value);
    case "deleteRange":
      return decodeDeleteRange(step.value);
    case "get": {
      const { key } = step.value;
      return { kind: "get", id: keyId(key), key };
    }
    case "range":
      return decodeRange(step.value);
    case "transaction":
      return decodeTransaction(step.value);
    default:
      return { kind: "unknown" };
  }
}

function decodeRange(wire: WireRangeStep): RangeStep | Undoable {
  const { from, to, keysOnly, countOnly } = wire;
  const order = decodeOrder(wire.order);
  if (order === "unknown") return { kind: "unknown" };
  const limit = decodeLimit(wire.limit);
  const filter = decodeFilter(wire.filter);
  return { kind: "range", from, to: rangeEnd(to), limit, keysOnly, countOnly, order, filter };
}
