import type { StoreAnswer, StoreCall, StoreComparison, StoreEntry, StoreTransaction } from "./store-operation.ts";

/** What a store holds, by key. Never changed once made. */
export type StoreEntries = ReadonlyMap<string, Required<StoreEntry>>;

export interface Performed {
  /** The same map where nothing has changed. */
  readonly entries: StoreEntries;
  readonly answer: StoreAnswer;
  /** The keys that have changed, with the revision at which. */
  readonly changed: ReadonlyMap<string, number>;
}

/** What a store at `revision` makes of one call: the meaning of each operation, one at a time. */
export function perform(entries: StoreEntries, call: StoreCall, revision: number): Performed {
  const writing = new Writing(entries, revision);
  const answer = writing.perform(call);
  return { entries: writing.entries, answer: withRevision(answer, writing.revision), changed: writing.changed };
}

/** All that one call does, at one revision. */
class Writing {
  readonly #before: StoreEntries;
  readonly #revision: number;
  #after: Map<string, Required<StoreEntry>> | undefined;
  readonly changed = new Map<string, number>();

  constructor(before: StoreEntries, revision: number) {
    this.#before = before;
    this.#revision = revision;
  }

  get entries(): StoreEntries {
    return this.#after ?? this.#before;
  }

  /** One more once anything has changed. */
  get revision(): number {
    return this.#revision + (this.#after === undefined ? 0 : 1);
  }

  perform(call: StoreCall): StoreAnswer {
    switch (call.kind) {
      case "get":
        return { kind: "get", entry: this.entries.get(call.key) ?? null };
      case "range": {
        const found = this.#within(call.from, call.to);
        return { kind: "range", entries: found.slice(0, call.limit ?? found.length), count: found.length };
      }
      case "put":
        this.#put(call.key, call.value);
        return { kind: "put" };
      case "delete":
        return { kind: "delete", deleted: this.#delete(call.key, call.to) };
      case "compareAndSwap": {
        const swapped = (this.entries.get(call.key)?.value ?? null) === call.expected;
        if (swapped) this.#put(call.key, call.value);
        return { kind: "compareAndSwap", swapped };
      }
      case "transaction":
        return this.#carryOut(chosen(call, this.entries));
    }
  }

  #carryOut({ succeeded, steps }: Branch): StoreAnswer {
    const answers = steps.map((each) => ("kind" in each ? this.perform(each) : this.#carryOut(each)));
    return { kind: "transaction", succeeded, answers };
  }

  #put(key: string, value: string): void {
    const before = this.entries.get(key);
    const modRevision = this.#revision + 1;
    const createRevision = before?.createRevision ?? modRevision;
    this.#changing(key).set(key, { key, value, version: (before?.version ?? 0) + 1, createRevision, modRevision });
  }

  #delete(key: string, to: string | undefined): number {
    const one = this.entries.get(key);
    const found = to !== undefined ? this.#within(key, to) : one === undefined ? [] : [one];
    for (const entry of found) this.#changing(entry.key).delete(entry.key);
    return found.length;
  }

  #within(from: string, to: string): Required<StoreEntry>[] {
    const found = [...this.entries.values()].filter(({ key }) => key >= from && key < to);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #changing(key: string): Map<string, Required<StoreEntry>> {
    this.#after ??= new Map(this.#before);
    this.changed.set(key, this.#revision + 1);
    return this.#after;
  }
}

/** Which steps are carried out: of nested transactions too that is decided before anything is done, as in etcd. */
interface Branch {
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<StoreCall, StoreTransaction> | Branch)[];
}

function chosen({ compare, then, else: otherwise }: StoreTransaction, entries: StoreEntries): Branch {
  const succeeded = compare.every((comparison) => holds(entries, comparison));
  const steps = (succeeded ? then : otherwise).map((step) =>
    step.kind === "transaction" ? chosen(step, entries) : step,
  );
  return { succeeded, steps };
}

/** Over a range it must hold for every key; a range without keys counts as one key that is not there. */
function holds(entries: StoreEntries, { key, rangeEnd, ...comparison }: StoreComparison): boolean {
  if (rangeEnd === undefined) return holdsFor(entries.get(key), comparison);
  const found = [...entries.values()].filter((entry) => entry.key >= key && entry.key < rangeEnd);
  return found.length === 0 ? holdsFor(undefined, comparison) : found.every((entry) => holdsFor(entry, comparison));
}

function holdsFor(
  entry: Required<StoreEntry> | undefined,
  { target, is, to }: Pick<StoreComparison, "target" | "is" | "to">,
): boolean {
  const found = entry?.[target] ?? (target === "value" ? null : 0);
  if (is === "=") return found === to;
  if (is === "!=") return found !== to;
  // A value that is not there is neither less nor greater than any.
  if (found === null || to === null) return false;
  return is === "<" ? found < to : found > to;
}

/** Each answer within a transaction may name the revision too. */
function withRevision(answer: StoreAnswer, revision: number): StoreAnswer {
  if (answer.kind !== "transaction") return { ...answer, revision };
  return { ...answer, answers: answer.answers.map((each) => withRevision(each, revision)), revision };
}
