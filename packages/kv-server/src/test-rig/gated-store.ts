import type { ScanRange, StateBatch, StateRow, StateStore, StateView } from "../ports/state-store.ts";

/** The operations of a store that a test can hold back. */
export type GatedOperation = "getMany" | "scan" | "write" | "replace";

interface Held {
  readonly operation: GatedOperation;
  readonly release: () => void;
}

/**
 * A store in memory, as plain as can be: a map, sorted when asked. Operations that a test holds wait before they touch
 * anything until the test lets them go; `fail` makes the next write fail.
 */
export class GatedStore implements StateStore {
  #rows = new Map<string, Uint8Array>();
  #appliedIndex = 0;
  readonly #holding = new Set<GatedOperation>();
  readonly held: Held[] = [];
  fail: Error | undefined;
  /** Lets every operation wait for so many turns of the event loop. */
  turns: () => number = () => 0;
  writes = 0;
  rowsScanned = 0;
  /** Scanned, or asked for by their keys. */
  rowsRead = 0;

  hold(operation: GatedOperation): void {
    this.#holding.add(operation);
  }

  /** Lets everything go that is held, and holds it back no more. */
  release(operation: GatedOperation): void {
    this.#holding.delete(operation);
    for (const held of this.held.splice(0)) {
      if (held.operation === operation) held.release();
      else this.held.push(held);
    }
  }

  appliedIndex(): number {
    return this.#appliedIndex;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    await this.#gate("getMany");
    this.rowsRead += keys.length;
    return keys.map((key) => this.#rows.get(name(key)));
  }

  async scan({ from, to, limit }: ScanRange): Promise<readonly StateRow[]> {
    await this.#gate("scan");
    const end = to === undefined ? undefined : name(to);
    const rows = this.#sorted().filter(({ id }) => id >= name(from) && (end === undefined || id < end));
    const taken = rows.slice(0, limit);
    this.rowsScanned += taken.length;
    this.rowsRead += taken.length;
    return taken.map(({ row }) => row);
  }

  async write({ appliedIndex, changes }: StateBatch): Promise<void> {
    await this.#gate("write");
    if (this.fail !== undefined) throw this.fail;
    assertAscending(changes);
    for (const { key, value } of changes) {
      if (value === undefined) this.#rows.delete(name(key));
      else this.#rows.set(name(key), value);
    }
    this.#appliedIndex = appliedIndex;
    this.writes++;
  }

  async view(): Promise<StateView> {
    const rows = this.#sorted().map(({ row }) => row);
    return {
      appliedIndex: this.#appliedIndex,
      rows: (after) => inBatches(rowsBehind(rows, after)),
      close: async () => undefined,
    };
  }

  async replace(appliedIndex: number, rows: AsyncIterable<readonly StateRow[]>): Promise<void> {
    await this.#gate("replace");
    const fresh = new Map<string, Uint8Array>();
    for await (const batch of rows) for (const { key, value } of batch) fresh.set(name(key), value);
    this.#rows = fresh;
    this.#appliedIndex = appliedIndex;
  }

  sizeBytes(): number {
    return this.#sorted().reduce((sum, { row }) => sum + row.key.length + row.value.length, 0);
  }

  usedBytes(): number {
    return this.sizeBytes();
  }

  async close(): Promise<void> {}

  /** What a crash leaves: everything written, and nothing else. */
  copy(): GatedStore {
    const copy = new GatedStore();
    copy.#rows = new Map(this.#rows);
    copy.#appliedIndex = this.#appliedIndex;
    return copy;
  }

  rowKeys(): readonly string[] {
    return this.#sorted().map(({ id }) => id);
  }

  /** Damages a row, or takes it away. */
  tamper(rowKey: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#rows.delete(name(rowKey));
    else this.#rows.set(name(rowKey), value);
  }

  #sorted() {
    return [...this.#rows]
      .map(([id, value]) => ({ id, row: { key: Buffer.from(id, "latin1"), value } }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async #gate(operation: GatedOperation): Promise<void> {
    for (let left = this.turns(); left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
    if (!this.#holding.has(operation)) return;
    return new Promise((resolve) => this.held.push({ operation, release: resolve }));
  }
}

function name(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}

function assertAscending(changes: StateBatch["changes"]): void {
  for (const [i, { key }] of changes.entries()) {
    const before = changes[i - 1];
    if (before !== undefined && name(before.key) >= name(key)) throw new Error(`change ${i} is out of order`);
  }
}

async function* inBatches(rows: readonly StateRow[]): AsyncGenerator<readonly StateRow[], void, undefined> {
  for (let at = 0; at < rows.length; at += 3) yield rows.slice(at, at + 3);
}

function rowsBehind(rows: readonly StateRow[], after: Uint8Array | undefined): readonly StateRow[] {
  return after === undefined ? rows : rows.filter(({ key }) => Buffer.compare(key, after) > 0);
}
