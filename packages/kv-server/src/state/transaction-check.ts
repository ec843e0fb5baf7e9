import type { RefusalCode } from "./answer.ts";
import type { Comparison, TransactionExtent, TransactionStep } from "./command.ts";
import { type KeyId, keyId } from "./key-id.ts";
import { OPERATION_BOUNDS } from "./operation-bounds.ts";
import { lowerBound } from "./sorted-keys.ts";

/** The parts of a transaction. */
export interface TransactionParts {
  readonly comparisons: readonly Comparison[];
  readonly then: readonly TransactionStep[];
  readonly otherwise: readonly TransactionStep[];
}

export function extentOf({ comparisons, then, otherwise }: TransactionParts): TransactionExtent {
  const nested = [...then, ...otherwise].flatMap((step) => (step.kind === "transaction" ? [step.extent] : []));
  return {
    steps: nested.reduce((sum, { steps }) => sum + steps, then.length + otherwise.length),
    comparisons: nested.reduce((sum, extent) => sum + extent.comparisons, comparisons.length),
    depth: nested.reduce((most, { depth }) => Math.max(most, depth + 1), 1),
  };
}

/** Why a transaction is refused, whatever the state it meets. Decided by the transaction alone, so alike on every node. */
export function problemOf(parts: TransactionParts, extent: TransactionExtent): RefusalCode | undefined {
  if (extent.steps > OPERATION_BOUNDS.maxSteps || extent.comparisons > OPERATION_BOUNDS.maxComparisons) {
    return "operationTooLarge";
  }
  if (extent.depth > OPERATION_BOUNDS.maxDepth) return "operationTooLarge";
  return keyProblem(parts) ?? nestedProblem(parts) ?? duplicateProblem(parts);
}

function keyProblem({ comparisons, then, otherwise }: TransactionParts): RefusalCode | undefined {
  const comparesNoKey = comparisons.some(({ key, range }) => key.length === 0 && range === undefined);
  return comparesNoKey || [...then, ...otherwise].some(namesNoKey) ? "keyEmpty" : undefined;
}

function namesNoKey(step: TransactionStep): boolean {
  return "key" in step && step.key.length === 0;
}

function nestedProblem({ then, otherwise }: TransactionParts): RefusalCode | undefined {
  const problems = [...then, ...otherwise].flatMap((step) => (step.kind === "transaction" ? (step.problem ?? []) : []));
  return problems.find((problem) => problem === "keyEmpty") ?? problems[0];
}

/**
 * A key is written once at most at a revision: history has one row for both. So no two steps that may both be carried out put
 * the same key, or one puts what the other deletes. (etcd refuses most of that, as "duplicate key".)
 */
function duplicateProblem({ then, otherwise }: TransactionParts): RefusalCode | undefined {
  return writesOf(then) === undefined || writesOf(otherwise) === undefined ? "duplicateKey" : undefined;
}

/** The keys that some steps put, and the ranges that they delete. */
interface StepWrites {
  readonly puts: ReadonlySet<KeyId>;
  readonly deletions: readonly Deletion[];
}

interface Deletion {
  readonly from: KeyId;
  readonly to: KeyId | undefined;
}

/** Undefined: two of them write the same key. */
function writesOf(steps: readonly TransactionStep[]): StepWrites | undefined {
  /** By which step each key is put. */
  const puts = new Map<KeyId, number>();
  const deletions: (Deletion & { readonly step: number })[] = [];
  for (const [i, step] of steps.entries()) {
    const writes = stepWrites(step);
    if (writes === undefined) return undefined;
    for (const id of writes.puts) {
      if (puts.has(id)) return undefined;
      puts.set(id, i);
    }
    for (const deletion of writes.deletions) deletions.push({ ...deletion, step: i });
  }
  if (puts.size > 0 && deletions.length > 0) {
    const ids = [...puts.keys()].sort();
    if (deletions.some((deletion) => deletesAnother(deletion, ids, puts))) return undefined;
  }
  return { puts: new Set(puts.keys()), deletions };
}

/** Whether it deletes what another step puts. */
function deletesAnother(
  { from, to, step }: Deletion & { readonly step: number },
  ids: readonly KeyId[],
  puts: ReadonlyMap<KeyId, number>,
): boolean {
  for (let i = lowerBound(ids, from); i < ids.length; i++) {
    const id = ids[i] ?? "";
    if (to !== undefined && id >= to) return false;
    if (puts.get(id) !== step) return true;
  }
  return false;
}

function stepWrites(step: TransactionStep): StepWrites | undefined {
  switch (step.kind) {
    case "put":
      return { puts: new Set([step.id]), deletions: [] };
    case "delete":
      return { puts: NO_PUTS, deletions: [{ from: step.id, to: `${step.id}\0` }] };
    case "deleteRange":
      return { puts: NO_PUTS, deletions: [{ from: keyId(step.from), to: step.to && keyId(step.to) }] };
    case "transaction": {
      // Only one of the two is carried out: they do not get in each other's way.
      const [then, otherwise] = [writesOf(step.then), writesOf(step.otherwise)];
      if (then === undefined || otherwise === undefined) return undefined;
      return {
        puts: new Set([...then.puts, ...otherwise.puts]),
        deletions: [...then.deletions, ...otherwise.deletions],
      };
    }
    case "get":
    case "range":
      return NO_WRITES;
  }
}

const NO_PUTS: ReadonlySet<KeyId> = new Set();
const NO_WRITES: StepWrites = { puts: NO_PUTS, deletions: [] };
