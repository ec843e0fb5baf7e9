import type { FoldedState } from "./folded-state.ts";
import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { NO_LEASE, type TakenLease } from "./leases/put-lease.ts";
import type { Change } from "./mem-table.ts";

/** A write that has its place among those of its revision. */
interface Write extends Omit<Change, "previous" | "applyVersion"> {
  /** Of a lease that the key has of its own from now on. */
  readonly ttlMs?: number;
}

const NO_VALUE: Uint8Array = new Uint8Array(0);

/**
 * What one operation writes: all of it at one revision, the next one, and none of it before `commit`; but the operation itself
 * sees it at once, in `present`. Each key is written once at most.
 */
export class Writes {
  readonly #state: FoldedState;
  readonly #writes: Write[] = [];
  /** What undoes each write in `present`. */
  readonly #undo: (() => void)[] = [];

  constructor(state: FoldedState) {
    this.#state = state;
  }

  /** The store's revision with what was written so far. */
  get revision(): number {
    return this.#state.counters.revision + (this.#writes.length > 0 ? 1 : 0);
  }

  put(id: KeyId, key: Uint8Array, value: Uint8Array, { leaseId, ttlMs }: TakenLease = NO_LEASE): void {
    const { present, counters } = this.#state;
    const superseded = present.record(id);
    const revision = counters.revision + 1;
    const record = nextRecord(superseded, revision, this.#writes.length, value.length, leaseId);
    this.#write({ id, key, revision, sub: record.sub, record, value, superseded, ttlMs });
  }

  /** The key must exist. */
  delete(id: KeyId, key: Uint8Array): void {
    const { present, counters } = this.#state;
    const superseded = present.record(id);
    if (superseded === undefined) throw new Error("a key that does not exist is deleted");
    const revision = counters.revision + 1;
    const sub = this.#writes.length;
    this.#write({ id, key, revision, sub, record: undefined, value: NO_VALUE, superseded });
  }

  commit(): void {
    const { counters } = this.#state;
    counters.revision = this.revision;
    for (const write of this.#writes) addChange(this.#state, write);
  }

  /** Nothing of it has happened. */
  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo();
  }

  #write(write: Write): void {
    const { present } = this.#state;
    this.#undo.push(present.savepoint(write.id));
    present.set(write.id, write.record, write.value);
    this.#writes.push(write);
  }
}

/** What a put makes of a key. */
export function nextRecord(
  previous: KeyRecord | undefined,
  revision: number,
  sub: number,
  valueLength: number,
  leaseId: number,
): KeyRecord {
  return {
    createRevision: previous?.createRevision ?? revision,
    modRevision: revision,
    sub,
    version: (previous?.version ?? 0) + 1,
    valueLength,
    leaseId,
  };
}

/** Every change to a key goes through here, in the order of revision and sub. */
export function addChange({ counters, generations, leases }: FoldedState, write: Write): void {
  const { active } = generations;
  const previous = active.get(write.id);
  const { applyVersion } = counters;
  const { id, key, revision, sub, record, value, superseded } = write;
  active.add({ id, key, revision, sub, record, value, superseded, previous, applyVersion });
  const from = superseded?.leaseId ?? 0;
  const to = record?.leaseId ?? 0;
  if (from !== to) leases.keyMoved({ key, from, to, ttlMs: write.ttlMs ?? 0, nowMs: counters.clusterTimeMs });
}
