import type { Clock, Index } from "@raftkv/raft-core";
import { indexRowKey, META_KEY, sessionRowKey, valueRowKey } from "../codec/row-keys.ts";
import { encodeIndexRow, encodeMetaRow, encodeValueRow, type MetaRow } from "../codec/rows.ts";
import type { StateBatch } from "../ports/state-store.ts";
import type { KeyRecord } from "./key-record.ts";
import type { Change, MemTable } from "./mem-table.ts";

/** What one merge writes: everything that changed up to `appliedIndex` since the merge before. */
export interface Merge {
  readonly appliedIndex: Index;
  readonly table: MemTable;
  readonly meta: MetaRow;
  /** Encoded when the table was frozen, since sessions go on changing. Ascending by id. */
  readonly sessionRows: readonly { readonly id: number; readonly row: Uint8Array | undefined }[];
}

type RowChange = StateBatch["changes"][number];

/** Rows made in one go; between two of these the event loop gets its turn. */
const SLICE = 2_000;

/** The rows of a merge, in the order of their keys. Every key it names stands in the engine as `below` says. */
export async function mergeBatch(merge: Merge, clock: Clock): Promise<StateBatch> {
  const changes: RowChange[] = [];
  const nextTurn = () => new Promise<void>((resolve) => clock.setTimer(0, resolve));
  for (const change of merge.table.from("")) {
    const row = indexRow(change);
    if (row === undefined) continue;
    changes.push(row);
    if (changes.length % SLICE === 0) await nextTurn();
  }
  changes.push({ key: META_KEY, value: encodeMetaRow(merge.meta) });
  for (const row of valueRows(merge.table)) {
    changes.push(row);
    if (changes.length % SLICE === 0) await nextTurn();
  }
  for (const { id, row } of merge.sessionRows) changes.push({ key: sessionRowKey(id), value: row });
  return { appliedIndex: merge.appliedIndex, changes };
}

/** Undefined: the key came and went between two merges. */
function indexRow({ key, record, below }: Change): RowChange | undefined {
  if (record !== undefined) return { key: indexRowKey(key), value: encodeIndexRow(record) };
  return below === undefined ? undefined : { key: indexRowKey(key), value: undefined };
}

/**
 * The removal of superseded values, then the new ones, in revision order: whatever is superseded here was merged
 * before, and so is older than everything new.
 */
function* valueRows(table: MemTable): Generator<RowChange, void, undefined> {
  for (const { modRevision, sub } of supersededInOrder(table)) {
    yield { key: valueRowKey(modRevision, sub), value: undefined };
  }
  for (const { key, value, record } of table.inWriteOrder()) {
    if (record === undefined) continue;
    yield { key: valueRowKey(record.modRevision, record.sub), value: encodeValueRow(key, value) };
  }
}

function supersededInOrder(table: MemTable): readonly KeyRecord[] {
  const superseded: KeyRecord[] = [];
  for (const { below } of table.inWriteOrder()) if (below !== undefined) superseded.push(below);
  return superseded.sort((a, b) => a.modRevision - b.modRevision || a.sub - b.sub);
}
