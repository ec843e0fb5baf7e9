import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { type Change, MemTable } from "./mem-table.ts";
import type { ChangedRow } from "./row-table.ts";
import { SettledRecords } from "./settled-records.ts";

/** What memory knows of a key's past. */
export type PastState =
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "inEngine"; readonly record: KeyRecord };

/**
 * The changes that the engine does not have yet: an active table that takes new ones, and, while a merge runs, the
 * frozen one that is being merged. Reads look in the active table, then in the frozen one, then in the engine.
 *
 * A read awaits the engine between looking in memory and answering. What keeps it from seeing a merge move things under
 * it: a table is not written to the engine while a read that began before it was frozen is under way. So whatever such
 * a read did not find in memory stays as it was in the engine until the read has ended. (The table that was frozen
 * already may be written meanwhile: its keys were all found in memory.)
 */
export class Generations {
  #active = new Generation();
  #frozen: Generation | undefined;
  readonly #settled: SettledRecords;

  /** @param settledBytes What is remembered of keys that are in the engine. */
  constructor(settledBytes: number) {
    this.#settled = new SettledRecords(settledBytes);
  }

  get active(): MemTable {
    return this.#active.table;
  }

  get frozen(): MemTable | undefined {
    return this.#frozen?.table;
  }

  find(id: KeyId): Change | undefined {
    return this.#active.table.get(id) ?? this.#frozen?.table.get(id);
  }

  /** What the key is now, as far as memory knows. Undefined: only the engine can tell. */
  known(id: KeyId): { readonly record: KeyRecord | undefined } | undefined {
    return this.find(id) ?? this.#settled.find(id);
  }

  /**
   * What memory knows of a key as it was at `revision`: the change that made it so; what the engine has had since before
   * all changes that memory holds; or undefined, where only the engine can tell.
   */
  findAt(id: KeyId, revision: number): PastState | undefined {
    let oldest: Change | undefined;
    for (const table of [this.#active.table, this.#frozen?.table]) {
      for (let change = table?.get(id); change !== undefined; change = change.previous) {
        if (change.revision <= revision) return { kind: "change", change };
        oldest = change;
      }
    }
    const superseded = oldest?.superseded;
    if (superseded === undefined || superseded.modRevision > revision) return undefined;
    return { kind: "inEngine", record: superseded };
  }

  /** Every key in [from, to) that memory holds any change of, in key order. */
  *idsIn(from: KeyId, to: KeyId | undefined): Generator<KeyId, void, undefined> {
    for (const { id } of this.#merged(from)) {
      if (to !== undefined && id >= to) return;
      yield id;
    }
  }

  /** What memory knows of a row that is not about one key; undefined: it is as the engine has it. */
  row(id: KeyId): ChangedRow | undefined {
    return this.#active.table.rows.get(id) ?? this.#frozen?.table.rows.get(id);
  }

  /** The rows in [from, to) that have changed, in key order: as many as decide what the first `limit` that exist are. */
  rowsIn(from: KeyId, to: KeyId, limit: number): readonly ChangedRow[] {
    const rows: ChangedRow[] = [];
    let live = 0;
    for (const row of inOrder(this.#active.table.rows.from(from), (this.#frozen?.table ?? NOTHING).rows.from(from))) {
      if (row.id >= to || live >= limit) break;
      rows.push(row);
      if (row.value !== undefined) live++;
    }
    return rows;
  }

  /** The changes of revision `from` and later that memory holds, in the order in which they were made. */
  changesFrom(from: number): readonly Change[] {
    const older = this.#frozen?.table.inWriteOrder() ?? [];
    const newer = this.#active.table.inWriteOrder();
    return [...older.slice(firstFrom(older, from)), ...newer.slice(firstFrom(newer, from))];
  }

  /** The earliest revision that memory holds a change of; everything before it is in the engine. Undefined: there is none. */
  firstRevision(): number | undefined {
    return (this.#frozen?.table.inWriteOrder()[0] ?? this.#active.table.inWriteOrder()[0])?.revision;
  }

  /** A read begins here and now. Call what it returns, once, when the read has ended. */
  beginRead(): () => void {
    const generation = this.#active;
    generation.readers++;
    return () => generation.endRead();
  }

  /** Makes the active table the frozen one. There must be none yet. */
  freeze(): MemTable {
    if (this.#frozen !== undefined) throw new Error("a merge is under way: there is a frozen table already");
    this.#frozen = this.#active;
    this.#active = new Generation();
    return this.#frozen.table;
  }

  /** Resolves once no read that began before the freeze is under way. */
  readsBeforeFreezeEnded(): Promise<void> {
    return this.#frozen?.readersGone() ?? Promise.resolve();
  }

  /** The frozen table is in the engine. */
  dropFrozen(): void {
    if (this.#frozen !== undefined) this.#settled.merged(this.#frozen.table);
    this.#frozen = undefined;
  }

  /** Resolves once no read is under way; the caller sees to it that none begins. */
  async allReadsEnded(): Promise<void> {
    await this.#frozen?.readersGone();
    await this.#active.readersGone();
  }

  /** Forgets everything: the engine's content was replaced. */
  clear(): void {
    this.#active = new Generation();
    this.#frozen = undefined;
    this.#settled.clear();
  }

  /**
   * The changes in [from, to) in key order, the newest of each key: as many as decide what a page of `limit` live keys
   * and `maxBytes` holds, whatever the engine adds to them, and no more.
   */
  overlay(from: KeyId, to: KeyId | undefined, limit: number, maxBytes: number, cost: (change: Change) => number) {
    const overlay: Change[] = [];
    let live = 0;
    let bytes = 0;
    for (const change of this.#merged(from)) {
      if (to !== undefined && change.id >= to) break;
      overlay.push(change);
      if (change.record === undefined) continue;
      live++;
      bytes += cost(change);
      if (live >= 2 && (live > limit || bytes > maxBytes)) break;
    }
    return overlay;
  }

  #merged(from: KeyId): Generator<Change, void, undefined> {
    return inOrder(this.#active.table.from(from), (this.#frozen?.table ?? NOTHING).from(from));
  }
}

/** Both in order; of what has the same id, the newer. */
function* inOrder<Item extends { readonly id: KeyId }>(
  newer: Iterator<Item, void>,
  older: Iterator<Item, void>,
): Generator<Item, void, undefined> {
  let a = newer.next();
  let b = older.next();
  while (!a.done || !b.done) {
    if (b.done || (!a.done && a.value.id <= b.value.id)) {
      if (a.done) return;
      if (!b.done && a.value.id === b.value.id) b = older.next();
      yield a.value;
      a = newer.next();
    } else {
      yield b.value;
      b = older.next();
    }
  }
}

class Generation {
  readonly table = new MemTable();
  readers = 0;
  #gone: PromiseWithResolvers<void> | undefined;

  readersGone(): Promise<void> {
    if (this.readers === 0) return Promise.resolve();
    this.#gone ??= Promise.withResolvers();
    return this.#gone.promise;
  }

  endRead(): void {
    this.readers--;
    if (this.readers > 0) return;
    this.#gone?.resolve();
    // Others may begin: a restore waits for the readers of a table that stays in use where the snapshot is refused.
    this.#gone = undefined;
  }
}

const NOTHING = new MemTable();

/** The position of the first change of revision `from` or later. */
function firstFrom(changes: readonly Change[], from: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.revision ?? from) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
