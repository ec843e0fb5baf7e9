import assert from "node:assert/strict";
import { hex } from "@raftkv/raft-core/testing";
import type { StateBatch, StateRow, StateStore, StateView } from "../../ports/state-store.ts";

export const everything = Number.MAX_SAFE_INTEGER;

/** Text as UTF-8, or bytes as they are. */
export function bytes(content: string | readonly number[]): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

export function row(key: string | readonly number[], value: string | Uint8Array): StateRow {
  return { key: bytes(key), value: typeof value === "string" ? bytes(value) : value };
}

export function compareKeys(a: StateRow, b: StateRow): number {
  return Buffer.compare(a.key, b.key);
}

/** A batch that puts these rows. */
export function puts(appliedIndex: number, ...rows: readonly StateRow[]): StateBatch {
  return { appliedIndex, changes: rows.toSorted(compareKeys) };
}

export function removes(appliedIndex: number, ...keys: readonly string[]): StateBatch {
  const changes = keys.toSorted().map((key) => ({ key: bytes(key), value: undefined }));
  return { appliedIndex, changes };
}

/** Rows as one text each, so that a failed comparison can be read. */
export function printable(rows: readonly StateRow[]): readonly string[] {
  return rows.map(({ key, value }) => `${hex(key)} = ${shortened(value)}`);
}

function shortened(value: Uint8Array): string {
  return value.byteLength <= 32 ? hex(value) : `${value.byteLength} bytes, ${checksum(value)}`;
}

/** FNV-1a: enough to tell test values apart. */
function checksum(value: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of value) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}

export function assertSameRows(actual: readonly StateRow[], expected: readonly StateRow[], what: string): void {
  assert.deepEqual(printable(actual), printable(expected), what);
}

/** Every row of the store, by one scan. */
export function allRows(store: StateStore): Promise<readonly StateRow[]> {
  return store.scan({ from: new Uint8Array(0), to: undefined, limit: everything, maxBytes: everything });
}

export async function rowsOfView(view: StateView): Promise<readonly StateRow[]> {
  const rows: StateRow[] = [];
  for await (const batch of view.rows()) rows.push(...batch);
  return rows;
}

/** The rows in batches of `size`, as `StateStore.replace` takes them. */
export async function* inBatches(rows: readonly StateRow[], size: number): AsyncGenerator<readonly StateRow[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
