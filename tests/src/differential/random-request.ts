import { integerBetween, type seededRandom } from "@raftkv/raft-core/testing";
import type {
  ComparisonRequest,
  KeyRange,
  RangeRequest,
  Request,
  StepRequest,
  TransactionRequest,
  Write,
} from "./request.ts";
import { FILTERS } from "./request.ts";

type Random = ReturnType<typeof seededRandom>;

/** Where the stores stand: the newest revision, and the earliest that can be read. */
export interface Revisions {
  newest: number;
  earliest: number;
}

/** Few keys, so that most requests meet something; a mixture in which the stores stay small. */
export function randomRequest(random: Random, revisions: Revisions): Request {
  const choice = random.next();
  if (choice < 0.03) return { kind: "grantLease", lease: randomLease(random) };
  if (choice < 0.05) return { kind: "revokeLease", lease: randomLease(random) };
  if (choice < 0.1) return randomLeasedPut(random);
  if (choice < 0.35) return randomWrite(random);
  if (choice < 0.42) return { kind: "get", key: randomKey(random), ...randomAt(random, revisions) };
  if (choice < 0.6) return { kind: "range", ...randomRange(random, revisions), ...randomAt(random, revisions) };
  if (choice < 0.65) return { kind: "count", ...randomKeyRange(random), ...randomAt(random, revisions) };
  if (choice < 0.67) return { kind: "compact", revision: randomCompaction(random, revisions) };
  return { kind: "transaction", transaction: randomTransaction(random, revisions, 1) };
}

function randomWrite(random: Random): Write {
  const choice = random.next();
  const previous = random.next() < 0.5;
  if (choice < 0.75) return { kind: "put", key: randomKey(random), value: randomValue(random), previous };
  if (choice < 0.92) return { kind: "delete", key: randomKey(random), previous };
  return { kind: "deleteRange", ...randomKeyRange(random), previous };
}

/** Not within transactions: a lease that is not there makes etcd 3.4 panic. */
function randomLeasedPut(random: Random): Write {
  const put = { kind: "put", key: randomKey(random), value: randomValue(random) } as const;
  return { ...put, previous: random.next() < 0.5, lease: randomLease(random) };
}

function randomLease(random: Random): number {
  return integerBetween(random, 1, 3);
}

/** Mostly one that can be read; now and then one that cannot, any more or yet. */
function randomAt(random: Random, { newest, earliest }: Revisions): { readonly at?: number } {
  if (random.next() < 0.5) return {};
  return { at: integerBetween(random, Math.max(1, earliest - 2), newest + 1) };
}

function randomCompaction(random: Random, { newest, earliest }: Revisions): number {
  return integerBetween(random, Math.max(2, earliest - 1), newest + 1);
}

function several<T>(random: Random, most: number, one: () => T): readonly T[] {
  return Array.from({ length: integerBetween(random, 0, most) }, one);
}

function randomTransaction(random: Random, revisions: Revisions, depth: number): TransactionRequest {
  return {
    comparisons: several(random, 2, () => randomComparison(random, revisions)),
    success: several(random, 3, () => randomStep(random, revisions, depth)),
    failure: several(random, 3, () => randomStep(random, revisions, depth)),
  };
}

function randomStep(random: Random, revisions: Revisions, depth: number): StepRequest {
  const choice = random.next();
  if (choice < 0.5) return randomWrite(random);
  if (choice < 0.6) return { kind: "get", key: randomKey(random) };
  if (choice < 0.85 || depth >= 3) return { kind: "range", ...randomRange(random, revisions) };
  return { kind: "transaction", transaction: randomTransaction(random, revisions, depth + 1) };
}

const RELATIONS = ["equals", "notEquals", "lessThan", "greaterThan"] as const;
const TARGETS = ["value", "version", "createRevision", "modRevision", "lease"] as const;

function randomComparison(random: Random, { newest }: Revisions): ComparisonRequest {
  const target = oneOf(random, TARGETS);
  const over = random.next() < 0.3 ? { to: random.next() < 0.2 ? "" : randomKey(random) } : {};
  return { key: randomKey(random), ...over, relation: oneOf(random, RELATIONS), target, operand: operand() };

  function operand(): string | number {
    if (target === "value") return randomValue(random);
    if (target === "lease") return integerBetween(random, 0, 3);
    if (target === "version") return integerBetween(random, 0, 3);
    return random.next() < 0.3 ? 0 : Math.max(0, newest - integerBetween(random, 0, 20));
  }
}

const ORDERS = ["key", "key", "version", "createRevision", "modRevision", "value"] as const;

function randomRange(random: Random, { newest }: Revisions): RangeRequest {
  const filters = FILTERS.filter(() => random.next() < 0.1);
  return {
    ...randomKeyRange(random),
    limit: random.next() < 0.5 ? 0 : integerBetween(random, 1, 4),
    keysOnly: random.next() < 0.2,
    sortBy: oneOf(random, ORDERS),
    descending: random.next() < 0.4,
    filter: Object.fromEntries(filters.map((name) => [name, Math.max(1, newest - integerBetween(random, 0, 30))])),
  };
}

function randomKeyRange(random: Random): KeyRange {
  const from = randomKey(random);
  const choice = random.next();
  if (choice < 0.1) return { from, to: "" };
  return { from, to: choice < 0.6 ? `${from}c` : randomKey(random) };
}

function randomKey(random: Random): string {
  return Array.from({ length: integerBetween(random, 1, 2) }, () => oneOf(random, ["a", "b", "c", "d"])).join("");
}

function randomValue(random: Random): string {
  return `v${integerBetween(random, 0, 9)}`;
}

function oneOf<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[integerBetween(random, 0, list.length - 1)] ?? list[0];
}
