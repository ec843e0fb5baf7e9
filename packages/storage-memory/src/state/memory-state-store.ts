import type { ScanRange, StateBatch, StateRow, StateStore, StateView } from "@raftkv/kv-server";
import type { Index } from "@raftkv/raft-core";
import { copyBytes } from "../copies.ts";
import type { DiskImage } from "../disk/disk-image.ts";
import type { WriteQueue } from "../disk/write-queue.ts";
import { compareKeys } from "./compare-keys.ts";
import { rowsFrom, type Tree, treeOf, valueAt, withChanges } from "./tree.ts";

const viewBatchBytes = 1024 * 1024;
const beginning = new Uint8Array(0);

/** A `StateStore` over an image in memory. Whatever goes in or comes out is copied; a view costs nothing. */
export class MemoryStateStore implements StateStore {
  readonly #image: DiskImage;
  readonly #queue: WriteQueue;
  readonly #onClosed: () => void;

  constructor(image: DiskImage, queue: WriteQueue, onClosed: () => void) {
    this.#image = image;
    this.#queue = queue;
    this.#onClosed = onClosed;
  }

  appliedIndex(): Index {
    return this.#image.state.appliedIndex;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#queue.assertOpen();
    const { tree } = this.#image.state;
    return keys.map((key) => {
      const value = valueAt(tree, key);
      return value && copyBytes(value);
    });
  }

  async scan({ from, to, limit, maxBytes }: ScanRange): Promise<readonly StateRow[]> {
    this.#queue.assertOpen();
    const found: StateRow[] = [];
    let bytes = 0;
    for (const row of rowsFrom(this.#image.state.tree, from)) {
      bytes += rowBytes(row);
      const ended = to !== undefined && compareKeys(row.key, to) >= 0;
      if (ended || found.length >= limit || (bytes > maxBytes && found.length > 0)) break;
      found.push(copyRow(row));
    }
    return found;
  }

  async write({ appliedIndex, changes }: StateBatch): Promise<void> {
    const owned = changes.map(({ key, value }) => ({ key: copyBytes(key), value: value && copyBytes(value) }));
    await this.#queue.write({
      kind: "write",
      apply: () => {
        this.#image.state = { appliedIndex, tree: withChanges(this.#image.state.tree, owned) };
      },
    });
  }

  async view(): Promise<StateView> {
    this.#queue.assertOpen();
    const { appliedIndex, tree } = this.#image.state;
    return { appliedIndex, rows: (after) => batchesOf(tree, after), close: async () => {} };
  }

  async replace(appliedIndex: Index, rows: AsyncIterable<readonly StateRow[]>): Promise<void> {
    await this.#queue.write({
      kind: "replace",
      prepare: async () => {
        const tree = await gather(rows);
        return () => {
          this.#image.state = { appliedIndex, tree };
        };
      },
    });
  }

  sizeBytes(): number {
    return this.#image.state.tree.bytes;
  }

  usedBytes(): number {
    return this.sizeBytes();
  }

  async close(): Promise<void> {
    try {
      await this.#queue.close();
    } finally {
      this.#onClosed();
    }
  }
}

async function gather(batches: AsyncIterable<readonly StateRow[]>): Promise<Tree> {
  const rows: StateRow[] = [];
  for await (const batch of batches) {
    for (const row of batch) rows.push(copyRow(row));
  }
  return treeOf(rows);
}

async function* batchesOf(tree: Tree, after?: Uint8Array): AsyncGenerator<readonly StateRow[], void, undefined> {
  let batch: StateRow[] = [];
  let bytes = 0;
  for (const row of rowsFrom(tree, after ?? beginning)) {
    if (after !== undefined && compareKeys(row.key, after) === 0) continue;
    if (batch.length > 0 && bytes + rowBytes(row) > viewBatchBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(copyRow(row));
    bytes += rowBytes(row);
  }
  if (batch.length > 0) yield batch;
}

function rowBytes({ key, value }: StateRow): number {
  return key.byteLength + value.byteLength;
}

function copyRow({ key, value }: StateRow): StateRow {
  return { key: copyBytes(key), value: copyBytes(value) };
}
