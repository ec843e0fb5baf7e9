import { historyRowKey, parseRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeValueRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";

/** One write that nobody can read any more: its value row and its history row can go. */
export interface Removal {
  readonly revision: number;
  readonly sub: number;
  /** The key of its history row. */
  readonly historyRow: Uint8Array;
}

export interface Scavenged {
  readonly removals: readonly Removal[];
  /** Everything up to here has been looked at. */
  readonly through: number;
}

/** Writes looked at in one go, and bytes of them; between two of these the event loop gets its turn. */
const SLICE = { rows: 500, bytes: 512 * 1024 };

export interface ScavengeOptions {
  readonly store: StateStore;
  /** The first revision to look at, … */
  readonly from: number;
  /** … and the last. Compaction has come to it. */
  readonly to: number;
  /** So many writes are looked at, or a few more: a revision that is begun is gone through, and it goes on by one at least. */
  readonly writes: number;
  readonly nextTurn: () => Promise<void>;
  readonly slice?: { readonly rows: number; readonly bytes: number };
}

/**
 * Looks through the writes in the engine, from a revision on, for what compaction has made superfluous: what they superseded,
 * and deletions before `to`. To go on from `through` again does no harm.
 */
export async function scavenge({
  store,
  from,
  to,
  writes,
  nextTurn,
  slice = SLICE,
}: ScavengeOptions): Promise<Scavenged> {
  const removals: Removal[] = [];
  const end = valueRowKey(to + 1, 0);
  let next = valueRowKey(from, 0);
  for (let looked = 0; ; ) {
    const rows = await store.scan({ from: next, to: end, limit: slice.rows, maxBytes: slice.bytes });
    const last = rows.at(-1);
    if (last === undefined) return { removals, through: to };
    for (const row of rows) removals.push(...removalsOf(row, to));
    looked += rows.length;
    const through = valueRowId(last).revision;
    // Of the last revision of all the rest has to follow: nothing would look at it again before the next compaction.
    if (looked >= writes && through > from && through < to) return { removals, through };
    next = Buffer.concat([last.key, Uint8Array.of(0)]);
    await nextTurn();
  }
}

/** What one write makes superfluous, where compaction has come to `to`. */
export function removalsOf(row: StateRow, to: number): readonly Removal[] {
  const { revision, sub } = valueRowId(row);
  const { key, deleted, supersedes } = decodeValueRow(row.value);
  const removals: Removal[] = [];
  const remove = (revision: number, sub: number): void => {
    removals.push({ revision, sub, historyRow: historyRowKey(key, revision) });
  };
  if (supersedes !== undefined) remove(supersedes.modRevision, supersedes.sub);
  if (deleted && revision < to) remove(revision, sub);
  return removals;
}

function valueRowId(row: StateRow): { readonly revision: number; readonly sub: number } {
  const rowKey = parseRowKey(row.key);
  if (rowKey.kind === "value") return rowKey;
  throw new KvError("corruptState", `a ${rowKey.kind} row stands among the values: rebuild this node from the others`);
}
