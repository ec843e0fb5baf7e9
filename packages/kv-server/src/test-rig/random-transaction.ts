import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ComparisonSchema,
  type FenceSchema,
  SortTarget,
  type TransactionOperationSchema,
  type TransactionStepSchema,
} from "@raftkv/proto/kv";
import { integerBetween, type seededRandom } from "@raftkv/raft-core/testing";
import { bytes, type OperationInit } from "./command-log.ts";

type Random = ReturnType<typeof seededRandom>;
type StepInit = MessageInitShape<typeof TransactionStepSchema>;

/** What random operations are about. */
export interface RandomKeys {
  readonly key: () => string;
  /** The store's revision now. */
  readonly revision: number;
  /** The id of a lease, if there is one. */
  readonly lease: () => number | undefined;
}

/** Any operation that only later apply versions know. */
export function randomLaterOperation(random: Random, keys: RandomKeys): OperationInit {
  const operation = randomUnfenced(random, keys);
  return random.next() < 0.15 ? { operation, fence: randomFence(random, keys) } : { operation };
}

function randomUnfenced(random: Random, keys: RandomKeys): NonNullable<OperationInit["operation"]> {
  const choice = random.next();
  if (choice < 0.2) return { case: "put", value: randomPut(random, keys) };
  if (choice < 0.3) {
    return { case: "delete", value: { key: bytes(keys.key()), withPrevious: random.next() < 0.7 } };
  }
  if (choice < 0.4) return { case: "deleteRange", value: randomDeleteRange(random, keys) };
  return { case: "transaction", value: randomTransaction(random, keys, 1) };
}

function randomFence(random: Random, keys: RandomKeys): MessageInitShape<typeof FenceSchema> {
  return { key: bytes(keys.key()), token: BigInt(Math.max(0, keys.revision - integerBetween(random, 0, 40))) };
}

function randomPut(random: Random, { key, lease }: RandomKeys) {
  const keepValue = random.next() < 0.2;
  const value = keepValue ? bytes("") : bytes(`v${integerBetween(random, 0, 9)}`);
  const leased = random.next() < 0.7 ? {} : randomPutLease(random, lease());
  return { key: bytes(key()), value, withPrevious: random.next() < 0.5, keepValue, ...leased };
}

function randomPutLease(random: Random, lease: number | undefined) {
  const choice = random.next();
  if (choice < 0.4) return { leaseId: BigInt(lease ?? 3) };
  return choice < 0.7 ? { ttlMs: BigInt(integerBetween(random, 90, 3_000)) } : { keepLease: true };
}

function randomDeleteRange(random: Random, keys: RandomKeys) {
  return { ...randomRange(random, keys), withPrevious: random.next() < 0.5 };
}

/** Mostly a small one. */
function randomRange(random: Random, { key }: RandomKeys) {
  const choice = random.next();
  const from = key();
  if (choice < 0.05) return { from: bytes(from) };
  return { from: bytes(from), to: bytes(choice < 0.5 ? `${from}c` : key()) };
}

export function randomTransaction(
  random: Random,
  keys: RandomKeys,
  depth: number,
): MessageInitShape<typeof TransactionOperationSchema> {
  const several = <T>(most: number, one: () => T) => Array.from({ length: integerBetween(random, 0, most) }, one);
  return {
    comparisons: several(2, () => randomComparison(random, keys)),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
    then: several(3, () => randomStep(random, keys, depth)),
    otherwise: several(3, () => randomStep(random, keys, depth)),
  };
}

function randomComparison(random: Random, { key, revision }: RandomKeys): MessageInitShape<typeof ComparisonSchema> {
  const choice = random.next();
  const recent = BigInt(Math.max(0, revision - integerBetween(random, -1, 30)));
  const target = [
    { case: "value", value: bytes(`v${integerBetween(random, 0, 9)}`) },
    { case: "version", value: BigInt(integerBetween(random, 0, 2)) },
    { case: "createRevision", value: random.next() < 0.4 ? 0n : recent },
    { case: "modRevision", value: recent },
    { case: "leaseId", value: BigInt(integerBetween(random, 0, 1)) },
  ] as const;
  return {
    key: bytes(key()),
    ...(choice < 0.2 ? { to: bytes(key()) } : {}),
    ...(choice > 0.95 ? { toLast: true } : {}),
    relation: integerBetween(random, 1, 4),
    target: target[integerBetween(random, 0, 4)] ?? target[0],
  };
}

function randomStep(random: Random, keys: RandomKeys, depth: number): StepInit {
  const choice = random.next();
  if (choice < 0.3) return { step: { case: "put", value: randomPut(random, keys) } };
  if (choice < 0.4) {
    return { step: { case: "delete", value: { key: bytes(keys.key()), withPrevious: random.next() < 0.5 } } };
  }
  if (choice < 0.48) return { step: { case: "deleteRange", value: randomDeleteRange(random, keys) } };
  if (choice < 0.6) return { step: { case: "get", value: { key: bytes(keys.key()) } } };
  if (choice < 0.9 || depth >= 3) return { step: { case: "range", value: randomRangeStep(random, keys) } };
  return { step: { case: "transaction", value: randomTransaction(random, keys, depth + 1) } };
}

export function randomRangeStep(random: Random, keys: RandomKeys) {
  const order = { target: integerBetween(random, 0, SortTarget.VALUE), descending: random.next() < 0.5 };
  const bound = () => BigInt(random.next() < 0.6 ? 0 : Math.max(0, keys.revision - integerBetween(random, 0, 40)));
  const filter = {
    minModRevision: bound(),
    maxModRevision: bound(),
    minCreateRevision: bound(),
    maxCreateRevision: bound(),
  };
  return {
    ...randomRange(random, keys),
    limit: integerBetween(random, 0, 4),
    keysOnly: random.next() < 0.2,
    countOnly: random.next() < 0.2,
    ...(random.next() < 0.5 ? { order } : {}),
    ...(random.next() < 0.3 ? { filter } : {}),
  };
}
