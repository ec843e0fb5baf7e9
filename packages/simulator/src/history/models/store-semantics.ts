import {
  type LeasedCall,
  type LeasedComparison,
  type LeasedPut,
  type LeasedTransaction,
  type LeaseRefusal,
  ownLeaseId,
} from "./leased-operation.ts";
import type { LeasedEntry, StoreAnswer, StoreCall } from "./store-operation.ts";

/** What a store holds, by key. Never changed once made. */
export type StoreEntries = ReadonlyMap<string, LeasedEntry>;

export interface Performed {
  /** The same map where nothing has changed. */
  readonly entries: StoreEntries;
  readonly answer: StoreAnswer;
  /** The keys that have changed, with the revision at which. */
  readonly changed: ReadonlyMap<string, number>;
}

export interface PerformedLeased extends Performed {
  /** Keys with a lease of their own from now on, and for how long it lives. */
  readonly ownTtlMs: ReadonlyMap<string, number>;
}

/** What a store at `revision` makes of one call: the meaning of each operation, one at a time. */
export function perform(entries: StoreEntries, call: StoreCall, revision: number): Performed {
  return new Writing(entries, revision, () => true).performed(call);
}

/** The same of calls with leases, of which `isAlive` tells whether keys can join one. Refused: nothing has changed. */
export function performLeased(
  entries: StoreEntries,
  call: LeasedCall,
  revision: number,
  isAlive: (leaseId: number) => boolean,
): PerformedLeased | { readonly refusal: LeaseRefusal } {
  const writing = new Writing(entries, revision, isAlive);
  const performed = writing.performed(call);
  const { refusal } = writing;
  return refusal === undefined ? performed : { refusal };
}

/** All that one call does, at one revision. */
class Writing {
  readonly #before: StoreEntries;
  readonly #revision: number;
  readonly #isAlive: (leaseId: number) => boolean;
  #after: Map<string, LeasedEntry> | undefined;
  readonly #changed = new Map<string, number>();
  readonly #ownTtlMs = new Map<string, number>();
  /** Why a step could not be carried out, the first such step: whatever the others have done is worth nothing then. */
  refusal: LeaseRefusal | undefined;

  constructor(before: StoreEntries, revision: number, isAlive: (leaseId: number) => boolean) {
    this.#before = before;
    this.#revision = revision;
    this.#isAlive = isAlive;
  }

  get entries(): StoreEntries {
    return this.#after ?? this.#before;
  }

  /** One more once anything has changed. */
  get revision(): number {
    return this.#revision + (this.#after === undefined ? 0 : 1);
  }

  performed(call: LeasedCall): PerformedLeased {
    const answer = withRevision(this.perform(call), this.revision);
    return { entries: this.entries, answer, changed: this.#changed, ownTtlMs: this.#ownTtlMs };
  }

  perform(call: LeasedCall): StoreAnswer {
    switch (call.kind) {
      case "get":
        return { kind: "get", entry: this.entries.get(call.key) ?? null };
      case "range": {
        const found = this.#within(call.from, call.to);
        return { kind: "range", entries: found.slice(0, call.limit ?? found.length), count: found.length };
      }
      case "put":
        this.#put(call);
        return { kind: "put" };
      case "delete":
        return { kind: "delete", deleted: this.#delete(call.key, call.to) };
      case "compareAndSwap": {
        const swapped = (this.entries.get(call.key)?.value ?? null) === call.expected;
        if (swapped) this.#put({ kind: "put", key: call.key, value: call.value });
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

  #put({ key, value: given, lease }: LeasedPut): void {
    const value = given ?? this.#kept(key)?.value ?? "";
    const leaseId = this.#leaseOf(key, lease);
    const before = this.entries.get(key);
    const modRevision = this.#revision + 1;
    const createRevision = before?.createRevision ?? modRevision;
    const version = (before?.version ?? 0) + 1;
    this.#changing(key).set(key, { key, value, version, createRevision, modRevision, leaseId });
  }

  #leaseOf(key: string, lease: LeasedPut["lease"]): number {
    if (lease === undefined) return 0;
    if (lease === "kept") return this.#kept(key)?.leaseId ?? 0;
    if ("ttlMs" in lease) {
      this.#ownTtlMs.set(key, lease.ttlMs);
      return ownLeaseId;
    }
    if (!this.#isAlive(lease.id)) this.refusal ??= { code: "leaseNotFound", leaseId: lease.id };
    return lease.id;
  }

  /** What the key has, which something of is to stay. */
  #kept(key: string): LeasedEntry | undefined {
    const before = this.entries.get(key);
    if (before === undefined) this.refusal ??= { code: "keyNotFound", key };
    return before;
  }

  #delete(key: string, to: string | undefined): number {
    const one = this.entries.get(key);
    const found = to !== undefined ? this.#within(key, to) : one === undefined ? [] : [one];
    for (const entry of found) this.#changing(entry.key).delete(entry.key);
    return found.length;
  }

  #within(from: string, to: string): LeasedEntry[] {
    const found = [...this.entries.values()].filter(({ key }) => key >= from && key < to);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #changing(key: string): Map<string, LeasedEntry> {
    this.#after ??= new Map(this.#before);
    this.#changed.set(key, this.#revision + 1);
    return this.#after;
  }
}

/** Which steps are carried out: of nested transactions too that is decided before anything is done, as in etcd. */
interface Branch {
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<LeasedCall, LeasedTransaction> | Branch)[];
}

function chosen({ compare, then, else: otherwise }: LeasedTransaction, entries: StoreEntries): Branch {
  const succeeded = compare.every((comparison) => holds(entries, comparison));
  const steps = (succeeded ? then : otherwise).map((step) =>
    step.kind === "transaction" ? chosen(step, entries) : step,
  );
  return { succeeded, steps };
}

/** Over a range it must hold for every key; a range without keys counts as one key that is not there. */
function holds(entries: StoreEntries, { key, rangeEnd, ...comparison }: LeasedComparison): boolean {
  if (rangeEnd === undefined) return holdsFor(entries.get(key), comparison);
  const found = [...entries.values()].filter((entry) => entry.key >= key && entry.key < rangeEnd);
  return found.length === 0 ? holdsFor(undefined, comparison) : found.every((entry) => holdsFor(entry, comparison));
}

function holdsFor(
  entry: LeasedEntry | undefined,
  { target, is, to }: Pick<LeasedComparison, "target" | "is" | "to">,
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
