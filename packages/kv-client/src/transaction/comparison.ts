import { ComparisonRelation, type Comparison as WireComparison } from "@raftkv/proto/kv";
import { keyBytes, toBytes } from "../bytes.ts";
import { count } from "../count.ts";
import { type KeyRangeTarget, namedRange } from "../key-range.ts";

/** One condition of a transaction. Made by `key` and `keys`. */
export class Comparison {
  readonly wire: WireComparison;

  constructor(wire: WireComparison) {
    this.wire = wire;
  }
}

/** Ways to compare what a key has with something. */
export interface Comparable<Operand> {
  equals(operand: Operand): Comparison;
  notEquals(operand: Operand): Comparison;
  lessThan(operand: Operand): Comparison;
  greaterThan(operand: Operand): Comparison;
}

/**
 * What of a key can be compared. Of one that does not exist the version, the revisions and the lease are 0; a comparison of
 * its value does not hold, whatever it says.
 */
export interface ComparableKey {
  readonly value: Comparable<string | Uint8Array>;
  /** How often it was written since it came to be. */
  readonly version: Comparable<number>;
  readonly createRevision: Comparable<number>;
  readonly modRevision: Comparable<number>;
  readonly leaseId: Comparable<number>;
  exists(): Comparison;
  doesNotExist(): Comparison;
}

/** A key to compare something of: `key("a").version.equals(3)`. Throws INVALID_ARGUMENT for an empty key. */
export function key(name: string | Uint8Array): ComparableKey {
  return comparable({ key: keyBytes(name), to: NOTHING, toLast: false });
}

/**
 * As `key`, of all keys in a range: a comparison must hold for each of them. A range without keys counts as one key that does
 * not exist.
 */
export function keys(range: KeyRangeTarget): ComparableKey {
  const { from, to } = namedRange("keys", range);
  return comparable({ key: from, to, toLast: to.length === 0 });
}

const NOTHING = new Uint8Array(0);

type Subject = Pick<WireComparison, "key" | "to" | "toLast">;
type Target = WireComparison["target"];

function comparable(subject: Subject): ComparableKey {
  const number = (target: "version" | "createRevision" | "modRevision" | "leaseId") =>
    comparisons(subject, (operand: number): Target => {
      return { case: target, value: BigInt(count(target, operand, 0, Number.MAX_SAFE_INTEGER)) };
    });
  const createRevision = number("createRevision");
  return {
    value: comparisons(subject, (operand): Target => ({ case: "value", value: toBytes(operand, "value") })),
    version: number("version"),
    createRevision,
    modRevision: number("modRevision"),
    leaseId: number("leaseId"),
    exists: () => createRevision.greaterThan(0),
    doesNotExist: () => createRevision.equals(0),
  };
}

function comparisons<Operand>(subject: Subject, target: (operand: Operand) => Target): Comparable<Operand> {
  const related = (relation: ComparisonRelation) => (operand: Operand) =>
    new Comparison({ $typeName: "raftkv.kv.v1.Comparison", ...subject, relation, target: target(operand) });
  return {
    equals: related(ComparisonRelation.EQUAL),
    notEquals: related(ComparisonRelation.NOT_EQUAL),
    lessThan: related(ComparisonRelation.LESS),
    greaterThan: related(ComparisonRelation.GREATER),
  };
}
