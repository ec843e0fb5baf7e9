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
  return new StepWrites(then).hasDuplicate || new StepWrites(otherwise).hasDuplicate ? "duplicateKey" : undefined;
}

/** A range that a step deletes. */
interface Deletion {
  readonly step: number;
  readonly from: KeyId;
  readonly to: KeyId | undefined;
}

/** What steps write, with those nested in them, which have been checked by themselves. */
class StepWrites {
  /** By which step each key is put. */
  readonly #puts = new Map<KeyId, number>();
  readonly #deletions: Deletion[] = [];
  #isPutTwice = false;

  constructor(steps: readonly TransactionStep[]) {
    for (const [i, step] of steps.entries()) this.#take(step, i);
  }

  /** Two of the steps write the same key. */
  get hasDuplicate(): boolean {
    return this.#isPutTwice || this.#deletesAnother();
  }

  #take(step: TransactionStep, number: number): void {
    switch (step.kind) {
      case "put":
        // Where both are nested in one step, only one of the two is carried out: they do not get in each other's way.
        this.#isPutTwice ||= (this.#puts.get(step.id) ?? number) !== number;
        this.#puts.set(step.id, number);
        return;
      case "delete":
        this.#deletions.push({ step: number, from: step.id, to: `${step.id}\0` });
        return;
      case "deleteRange":
        this.#deletions.push({ step: number, from: keyId(step.from), to: step.to && keyId(step.to) });
        return;
      case "transaction":
        for (const nested of step.then) this.#take(nested, number);
        for (const nested of step.otherwise) this.#take(nested, number);
        return;
      case "get":
      case "range":
        return;
    }
  }

  /** Whether a step deletes what another puts. Looks at a few puts for each deletion, however many it deletes. */
  #deletesAnother(): boolean {
    if (this.#puts.size === 0 || this.#deletions.length === 0) return false;
    const ids = [...this.#puts.keys()].sort();
    const steps = ids.map((id) => this.#puts.get(id));
    /** For each put the first one after it that is another step's. */
    const nextOther: number[] = [];
    for (let i = ids.length - 1; i >= 0; i--) {
      nextOther[i] = steps[i] === steps[i + 1] ? (nextOther[i + 1] ?? ids.length) : i + 1;
    }
    return this.#deletions.some(({ step, from, to }) => {
      const first = lowerBound(ids, from);
      const other = ids[steps[first] === step ? (nextOther[first] ?? ids.length) : first];
      return other !== undefined && (to === undefined || other < to);
    });
  }
}
