import type { Clock, Index } from "@raftkv/raft-core";
import {
  answerRowKey,
  historyRowKeyIn,
  historyRowsFrom,
  indexRowKey,
  META_KEY,
  sessionRowKey,
  valueRowKey,
} from "../codec/row-keys.ts";
import {
  encodeHistoryRow,
  encodeIndexRow,
  encodeMetaRow,
  encodePlainValueRow,
  encodeValueRow,
  type MetaRow,
  type ValueRowId,
} from "../codec/rows.ts";
import { encodeAnswerRow } from "../codec/session-row.ts";
import type { StateBatch } from "../ports/state-store.ts";
import { answerBytes } from "./answer-bytes.ts";
import { keepsHistory } from "./counters.ts";
import { keyBytes } from "./key-id.ts";
import { below, type Change, type MemTable } from "./mem-table.ts";
import type { Removal } from "./scavenger.ts";
import type { SessionChange } from "./session-table.ts";
import { sortInTurns } from "./sort-in-turns.ts";

/** What one merge writes: everything that changed up to `appliedIndex` since the merge before. */
export interface Merge {
  readonly appliedIndex: Index;
  readonly table: MemTable;
  readonly meta: MetaRow;
  /** Versions in the engine that compaction has made superfluous. */
  readonly removals: readonly Removal[];
  /** Encoded when the table was frozen, since sessions go on changing; their answers do not. Ascending by id. */
  readonly sessionRows: readonly (Pick<SessionChange, "id" | "answers"> & { readonly row: Uint8Array | undefined })[];
}

type RowChange = StateBatch["changes"][number];

/** Rows made in one go; between two of these the event loop gets its turn. */
const SLICE = 1_000;

/** The rows of a merge, in the order of their keys. Every key it names stands in the engine as `below` says. */
export async function mergeBatch(merge: Merge, clock: Clock): Promise<StateBatch> {
  const changes: RowChange[] = [];
  const nextTurn = () => new Promise<void>((resolve) => clock.setTimer(0, resolve));
  const add = async (rows: Iterable<RowChange>) => {
    for (const row of rows) {
      changes.push(row);
      if (changes.length % SLICE === 0) await nextTurn();
    }
  };
  const { table, removals, meta } = merge;
  const historyRemovals = await sortInTurns(removals, byHistoryRow, nextTurn);
  await add(together(historyRows(table), mapped(historyRemovals, historyRemoval)));
  await add(indexRows(table));
  await add(otherRows(table));
  changes.push({ key: META_KEY, value: encodeMetaRow(meta) });
  // All of them are older than what is added.
  const valueRemovals = await sortInTurns([...supersededValues(table), ...removals], byRevision, nextTurn);
  await add(mapped(valueRemovals, valueRemoval));
  await add(valueRows(table));
  await add(sessionRows(merge));
  return { appliedIndex: merge.appliedIndex, changes };
}

function* sessionRows({ sessionRows }: Merge): Generator<RowChange, void, undefined> {
  for (const { id, row, answers } of sessionRows) {
    yield { key: sessionRowKey(id), value: row };
    for (const [sequence, answer] of answers) {
      const value = answer && encodeAnswerRow(answer, answerBytes(answer));
      yield { key: answerRowKey(id, sequence), value };
    }
  }
}

function* historyRows(table: MemTable): Generator<RowChange, void, undefined> {
  for (const newest of table.from("")) {
    const rowsFrom = historyRowsFrom(newest.key);
    for (let change: Change | undefined = newest; change !== undefined; change = change.previous) {
      if (!keepsHistory(change)) break;
      const { revision, record, superseded, sub } = change;
      if (record === undefined) {
        yield { key: historyRowKeyIn(rowsFrom, revision), value: encodeHistoryRow({ kind: "deleted", sub }) };
      }
      if (superseded === undefined) continue;
      const value = encodeHistoryRow({ kind: "written", record: superseded });
      yield { key: historyRowKeyIn(rowsFrom, superseded.modRevision), value };
    }
  }
}

function historyRemoval({ historyRow }: Removal): RowChange {
  return { key: historyRow, value: undefined };
}

function valueRemoval({ revision, sub }: Pick<Removal, "revision" | "sub">): RowChange {
  return { key: valueRowKey(revision, sub), value: undefined };
}

function* indexRows(table: MemTable): Generator<RowChange, void, undefined> {
  for (const change of table.from("")) {
    const { key, record } = change;
    if (record !== undefined) yield { key: indexRowKey(key), value: encodeIndexRow(record) };
    // Otherwise the key came and went between two merges.
    else if (below(change) !== undefined) yield { key: indexRowKey(key), value: undefined };
  }
}

/** All of them are about leases, and stand between index rows and the meta row. */
function* otherRows(table: MemTable): Generator<RowChange, void, undefined> {
  for (const { id, value } of table.rows.from("")) yield { key: keyBytes(id), value };
}

/** Values in the engine that were superseded without history. */
function* supersededValues(table: MemTable): Generator<Pick<Removal, "revision" | "sub">, void, undefined> {
  for (const change of table.inWriteOrder()) {
    const { previous, superseded } = change;
    if (previous !== undefined || superseded === undefined || keepsHistory(change)) continue;
    yield { revision: superseded.modRevision, sub: superseded.sub };
  }
}

/** In revision order: all writes, but for those that were superseded without history, and deletions without it. */
function* valueRows(table: MemTable): Generator<RowChange, void, undefined> {
  const superseded = new Set<Change>();
  for (const change of table.inWriteOrder()) {
    if (change.previous !== undefined && !keepsHistory(change)) superseded.add(change.previous);
  }
  for (const change of table.inWriteOrder()) {
    if (superseded.has(change) || (change.record === undefined && !keepsHistory(change))) continue;
    yield valueRow(change);
  }
}

function valueRow(change: Change): RowChange {
  return { key: valueRowKey(change.revision, change.sub), value: encodedValue(change) };
}

function encodedValue(change: Change): Uint8Array {
  const { key, value, record, superseded } = change;
  if (!keepsHistory(change)) return encodePlainValueRow(key, value);
  const supersedes: ValueRowId | undefined = superseded;
  return encodeValueRow({
    key,
    value,
    deleted: record === undefined,
    createRevision: record?.createRevision ?? 0,
    version: record?.version ?? 0,
    leaseId: record?.leaseId ?? 0,
    supersedes,
  });
}

function byHistoryRow(a: Removal, b: Removal): number {
  return Buffer.compare(a.historyRow, b.historyRow);
}

type Revisioned = Pick<Removal, "revision" | "sub">;

function byRevision(a: Revisioned, b: Revisioned): number {
  return a.revision - b.revision || a.sub - b.sub;
}

function* mapped<From, To>(items: Iterable<From>, map: (item: From) => To): Generator<To, void, undefined> {
  for (const item of items) yield map(item);
}

/** Both in key order, and without a key in common. */
function* together(
  rows: Iterable<RowChange>,
  others: Iterator<RowChange, void>,
): Generator<RowChange, void, undefined> {
  let other = others.next();
  for (const row of rows) {
    for (; !other.done && Buffer.compare(other.value.key, row.key) <= 0; other = others.next()) yield other.value;
    yield row;
  }
  for (; !other.done; other = others.next()) yield other.value;
}
