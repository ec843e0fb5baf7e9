import {
  type Comparison,
  ComparisonRelation,
  type DeleteOperation,
  type DeleteRangeOperation,
  type PutOperation,
  type RangeStep,
  SortTarget,
  type TransactionOperation,
  type TransactionStep,
} from "@raftkv/proto/kv";
import type { ModelEntry } from "./state-model.ts";

/** Throws the code of a refusal. */
export type LeaseOfPut = (put: PutOperation, before: number | undefined) => number;

/** One operation that may write several keys, on a copy of everything there is. */
export class ModelTransaction {
  readonly keys: Map<string, ModelEntry>;
  readonly written = new Map<string, ModelEntry | undefined>();
  /** The revision of what it writes. */
  readonly #next: number;

  readonly #leaseOf: LeaseOfPut;

  constructor(keys: Map<string, ModelEntry>, next: number, leaseOf: LeaseOfPut = () => 0) {
    this.keys = keys;
    this.#next = next;
    this.#leaseOf = leaseOf;
  }

  get revision(): number {
    return this.written.size > 0 ? this.#next : this.#next - 1;
  }

  /** Throws the code of a refusal. */
  put(put: PutOperation): unknown {
    const { key: keyBytes, value, withPrevious, keepValue } = put;
    const key = text(keyBytes);
    const previous = this.keys.get(key);
    if (keepValue && previous === undefined) throw new Refused("keyNotFound");
    this.#write(key, {
      key,
      value: keepValue ? (previous?.value ?? "") : text(value),
      createRevision: previous?.createRevision ?? this.#next,
      modRevision: this.#next,
      version: (previous?.version ?? 0) + 1,
      leaseId: this.#leaseOf(put, previous?.leaseId),
    });
    return { kind: "put", revision: this.revision, ...(withPrevious && previous ? { previous } : {}) };
  }

  delete({ key: keyBytes, withPrevious }: DeleteOperation): unknown {
    const key = text(keyBytes);
    const previous = this.keys.get(key);
    if (previous !== undefined) this.#write(key, undefined);
    const deleted = previous !== undefined;
    return { kind: "delete", revision: this.revision, deleted, ...(withPrevious && deleted ? { previous } : {}) };
  }

  deleteRange({ from, to, withPrevious }: DeleteRangeOperation): unknown {
    const gone = this.#inRange(text(from), to.length === 0 ? undefined : text(to));
    for (const { key } of gone) this.#write(key, undefined);
    return {
      kind: "deleteRange",
      revision: this.revision,
      deleted: gone.length,
      previous: withPrevious ? gone : [],
    };
  }

  transaction(operation: TransactionOperation): unknown {
    if (namesNoKey(operation)) throw new Refused("keyEmpty");
    if (writesTwice(operation.then) || writesTwice(operation.otherwise)) throw new Refused("duplicateKey");
    return this.#run(this.#decide(operation));
  }

  #decide({ comparisons, then, otherwise }: TransactionOperation): Decided {
    const succeeded = comparisons.every((comparison) => this.#holds(comparison));
    const steps = (succeeded ? then : otherwise).map(({ step }) =>
      step.case === "transaction" ? this.#decide(step.value) : step,
    );
    return { succeeded, steps };
  }

  #run({ succeeded, steps }: Decided): unknown {
    const results = steps.map((step) => ("steps" in step ? this.#run(step) : this.#step(step)));
    return { kind: "transaction", revision: this.revision, succeeded, results };
  }

  #step(step: TransactionStep["step"]): unknown {
    switch (step.case) {
      case "put":
        return this.put(step.value);
      case "delete":
        return this.delete(step.value);
      case "deleteRange":
        return this.deleteRange(step.value);
      case "get":
        return { kind: "get", entry: this.keys.get(text(step.value.key)) };
      case "range":
        return this.range(step.value);
      default:
        throw new Error("the model knows no such step");
    }
  }

  range({ from, to, limit, keysOnly, countOnly, order, filter }: RangeStep) {
    const found = this.#inRange(text(from), to.length === 0 ? undefined : text(to)).filter(
      ({ modRevision, createRevision }) =>
        filter === undefined ||
        (within(modRevision, filter.minModRevision, filter.maxModRevision) &&
          within(createRevision, filter.minCreateRevision, filter.maxCreateRevision)),
    );
    const count = found.length;
    if (countOnly) return { kind: "range", entries: [], more: false, count };
    if (order !== undefined) {
      const by = SORTED_BY[order.target];
      // Stable, so that equals stay in key order; and all keys are different, so reversing is the same as descending.
      found.sort((a, b) => (order.descending ? -1 : 1) * by(a, b));
    }
    const shown = limit === 0 ? found : found.slice(0, limit);
    const entries = keysOnly ? shown.map((entry) => ({ ...entry, value: "" })) : shown;
    return { kind: "range", entries, more: shown.length < found.length, count };
  }

  #holds({ key: keyBytes, to, toLast, relation, target }: Comparison): boolean {
    const key = text(keyBytes);
    const isRange = toLast || to.length > 0;
    const found = isRange ? this.#inRange(key, toLast ? undefined : text(to)) : [this.keys.get(key)];
    return (found.length === 0 ? [undefined] : found).every((entry) => {
      if (target.case === undefined) throw new Error("the model compares with something");
      if (target.case === "value") {
        return entry !== undefined && isSo(relation, compareText(entry.value, text(target.value)));
      }
      return isSo(relation, (entry?.[target.case] ?? 0) - Number(target.value));
    });
  }

  #inRange(from: string, to: string | undefined): ModelEntry[] {
    return [...this.keys.values()]
      .filter(({ key }) => key >= from && (to === undefined || key < to))
      .sort((a, b) => compareText(a.key, b.key));
  }

  #write(key: string, entry: ModelEntry | undefined): void {
    this.written.set(key, entry);
    if (entry === undefined) this.keys.delete(key);
    else this.keys.set(key, entry);
  }
}

/** A refusal: nothing of the operation takes effect. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

interface Decided {
  readonly succeeded: boolean;
  readonly steps: readonly (Decided | TransactionStep["step"])[];
}

const SORTED_BY: Readonly<Record<SortTarget, (a: ModelEntry, b: ModelEntry) => number>> = {
  [SortTarget.UNSPECIFIED]: (a, b) => compareText(a.key, b.key),
  [SortTarget.KEY]: (a, b) => compareText(a.key, b.key),
  [SortTarget.VERSION]: (a, b) => a.version - b.version,
  [SortTarget.CREATE_REVISION]: (a, b) => a.createRevision - b.createRevision,
  [SortTarget.MOD_REVISION]: (a, b) => a.modRevision - b.modRevision,
  [SortTarget.VALUE]: (a, b) => compareText(a.value, b.value),
};

function within(revision: number, least: bigint, most: bigint): boolean {
  return revision >= least && (most === 0n || revision <= most);
}

function isSo(relation: ComparisonRelation, difference: number): boolean {
  switch (relation) {
    case ComparisonRelation.EQUAL:
      return difference === 0;
    case ComparisonRelation.NOT_EQUAL:
      return difference !== 0;
    case ComparisonRelation.LESS:
      return difference < 0;
    case ComparisonRelation.GREATER:
      return difference > 0;
    case ComparisonRelation.UNSPECIFIED:
      throw new Error("the model compares somehow");
  }
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function namesNoKey({ comparisons, then, otherwise }: TransactionOperation): boolean {
  if (comparisons.some(({ key, to, toLast }) => key.length + to.length === 0 && !toLast)) return true;
  return [...then, ...otherwise].some(({ step }) => {
    if (step.case === "transaction") return namesNoKey(step.value);
    return (step.case === "put" || step.case === "delete" || step.case === "get") && step.value.key.length === 0;
  });
}

/** Whether some way through the steps could put a key twice; a put beside a deletion of its key, wherever they stand, is no better. */
function writesTwice(steps: readonly TransactionStep[]): boolean {
  const deletions = steps.flatMap(deletionsOf);
  const isDeleted = (key: string) => deletions.some(({ from, to }) => key >= from && (to === undefined || key < to));
  const seen = new Set<string>();
  for (const step of steps) {
    if (step.step.case === "transaction") {
      const { then, otherwise } = step.step.value;
      if (writesTwice(then) || writesTwice(otherwise)) return true;
    }
    for (const key of new Set(putsOf(step))) {
      if (seen.has(key) || isDeleted(key)) return true;
      seen.add(key);
    }
  }
  return false;
}

function putsOf({ step }: TransactionStep): string[] {
  if (step.case === "put") return [text(step.value.key)];
  return step.case === "transaction" ? [...step.value.then, ...step.value.otherwise].flatMap(putsOf) : [];
}

function deletionsOf({ step }: TransactionStep): { from: string; to: string | undefined }[] {
  switch (step.case) {
    case "delete":
      return [{ from: text(step.value.key), to: `${text(step.value.key)}\0` }];
    case "deleteRange":
      return [{ from: text(step.value.from), to: step.value.to.length === 0 ? undefined : text(step.value.to) }];
    case "transaction":
      return [...step.value.then, ...step.value.otherwise].flatMap(deletionsOf);
    default:
      return [];
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
