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

/** One write a key and revision: history has one row for both. etcd refuses (nearly) the same, as "duplicate key". */
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

/** Undefined: a key is put twice, or put and deleted. Steps of which only one is ever carried out may put the same key. */
function writesOf(steps: readonly TransactionStep[]): StepWrites | undefined {
  const puts = new Set<KeyId>();
  const deletions: Deletion[] = [];
  for (const step of steps) {
    const writes = stepWrites(step);
    if (writes === undefined) return undefined;
    for (const id of writes.puts) {
      if (puts.has(id)) return undefined;
      puts.add(id);
    }
    deletions.push(...writes.deletions);
  }
  return deletesAny(deletions, puts) ? undefined : { puts, deletions };
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

function deletesAny(deletions: readonly Deletion[], puts: ReadonlySet<KeyId>): boolean {
  if (deletions.length === 0 || puts.size === 0) return false;
  const ids = [...puts].sort();
  return deletions.some(({ from, to }) => {
    const first = ids[lowerBound(ids, from)];
    return first !== undefined && (to === undefined || first < to);
  });
}
