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
  const pace = async () => {
    if (changes.length % SLICE === 0) await new Promise<void>((resolve) => clock.setTimer(0, resolve));
  };
  const touched = [...merge.table.from("")];
  for (const change of touched) {
    const row = indexRow(change);
    if (row === undefined) continue;
    changes.push(row);
    await pace();
  }
  changes.push({ key: META_KEY, value: encodeMetaRow(merge.meta) });
  for (const { record, change } of valueRowsInOrder(touched)) {
    changes.push(valueRow(record, change));
    await pace();
  }
  for (const { id, row } of merge.sessionRows) changes.push({ key: sessionRowKey(id), value: row });
  return { appliedIndex: merge.appliedIndex, changes };
}

/** Undefined: the key came and went between two merges. */
function indexRow({ key, record, below }: Change): RowChange | undefined {
  if (record !== undefined) return { key: indexRowKey(key), value: encodeIndexRow(record) };
  return below === undefined ? undefined : { key: indexRowKey(key), value: undefined };
}

interface ValueRow {
  readonly record: KeyRecord;
  /** Undefined: the value row goes, because its revision is superseded. */
  readonly change: Change | undefined;
}

function valueRow(record: KeyRecord, change: Change | undefined): RowChange {
  const key = valueRowKey(record.modRevision, record.sub);
  return { key, value: change === undefined ? undefined : encodeValueRow(change.key, change.value) };
}

function valueRowsInOrder(changes: readonly Change[]): readonly ValueRow[] {
  const rows: ValueRow[] = [];
  for (const change of changes) {
    if (change.below !== undefined) rows.push({ record: change.below, change: undefined });
    if (change.record !== undefined) rows.push({ record: change.record, change });
  }
  return rows.sort((a, b) => a.record.modRevision - b.record.modRevision || a.record.sub - b.record.sub);
}
