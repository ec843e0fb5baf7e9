import { hashChange, hashesChanges } from "./change-hash.ts";
import type { FoldedState } from "./folded-state.ts";
import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { NO_LEASE, type TakenLease } from "./leases/put-lease.ts";
import type { Change } from "./mem-table.ts";

interface Write {
  readonly change: Change;
  /** Of a lease that the key has of its own from now on; else 0. */
  readonly ttlMs: number;
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
    this.#write({ id, key, record, value, superseded }, ttlMs);
  }

  /** The key must exist. */
  delete(id: KeyId, key: Uint8Array): void {
    const superseded = this.#state.present.record(id);
    if (superseded === undefined) throw new Error("a key that does not exist is deleted");
    this.#write({ id, key, record: undefined, value: NO_VALUE, superseded }, 0);
  }

  commit(): void {
    const { counters } = this.#state;
    counters.revision = this.revision;
    for (const { change, ttlMs } of this.#writes) addChange(this.#state, change, ttlMs);
  }

  /** Nothing of it has happened. */
  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo();
  }

  #write(part: Pick<Change, "id" | "key" | "record" | "value" | "superseded">, ttlMs: number): void {
    const { present, generations, counters } = this.#state;
    const { id, key, record, value, superseded } = part;
    const revision = counters.revision + 1;
    const sub = this.#writes.length;
    const previous = generations.active.get(id);
    const { applyVersion } = counters;
    const change = { id, key, revision, sub, record, value, superseded, previous, applyVersion };
    this.#undo.push(present.savepoint(id));
    present.set(id, record, value);
    this.#writes.push({ change, ttlMs });
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

/** Every change to a key goes through here, in the order of revision and sub. `previous`: what `active` has of the key. */
export function addChange({ counters, generations, leases, marks }: FoldedState, change: Change, ttlMs = 0): void {
  if (hashesChanges(counters)) {
    hashChange(counters, change);
    marks.noteRevision(counters);
  }
  generations.active.add(change);
  const from = change.superseded?.leaseId ?? 0;
  const to = change.record?.leaseId ?? 0;
  if (from !== to) leases.keyMoved({ key: change.key, from, to, ttlMs, nowMs: counters.clusterTimeMs });
}
