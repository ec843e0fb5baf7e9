import { parseRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeValueRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";

/** One write that nobody can read any more: its value row and its history row can go. */
export interface Removal {
  readonly key: Uint8Array;
  readonly revision: number;
  readonly sub: number;
}

export interface Scavenged {
  readonly removals: readonly Removal[];
  /** Everything up to here has been looked at. */
  readonly through: number;
}

/** Writes looked at in one go, and bytes of them. */
export const SCAVENGED_ROWS = 4_000;
const BYTES = 4 * 1024 * 1024;

/**
 * Looks through the writes in the engine from revision `from` to `to`, both inclusive, as far as it gets in one go, for
 * what compaction up to `to` has made superfluous: what they superseded, and deletions before `to`. To go on from
 * `through` again does no harm.
 */
export async function scavenge(
  store: StateStore,
  from: number,
  to: number,
  limits = { rows: SCAVENGED_ROWS, bytes: BYTES },
): Promise<Scavenged> {
  const end = valueRowKey(to + 1, 0);
  const writes = await store.scan({ from: valueRowKey(from, 0), to: end, limit: limits.rows, maxBytes: limits.bytes });
  const last = writes.at(-1);
  if (last === undefined) return { removals: [], through: to };
  const removals = writes.flatMap((row) => removalsOf(row, to));
  const [next] = await store.scan({
    from: Buffer.concat([last.key, Uint8Array.of(0)]),
    to: end,
    limit: 1,
    maxBytes: 1,
  });
  if (next === undefined) return { removals, through: to };
  const through = valueRowId(last).revision;
  // A single revision is larger than that: more at a time, or it would never be done with.
  return through > from
    ? { removals, through }
    : scavenge(store, from, to, { rows: limits.rows * 4, bytes: limits.bytes * 4 });
}

/** What one write makes superfluous, where compaction has come to `to`. */
export function removalsOf(row: StateRow, to: number): readonly Removal[] {
  const { revision, sub } = valueRowId(row);
  const { key: inRow, deleted, supersedes } = decodeValueRow(row.value);
  // A view would keep the value in memory until all is merged.
  const key = Uint8Array.from(inRow);
  const removals: Removal[] = [];
  if (supersedes !== undefined) removals.push({ key, revision: supersedes.modRevision, sub: supersedes.sub });
  if (deleted && revision < to) removals.push({ key, revision, sub });
  return removals;
}

function valueRowId(row: StateRow): { readonly revision: number; readonly sub: number } {
  const rowKey = parseRowKey(row.key);
  if (rowKey.kind === "value") return rowKey;
  throw new KvError("corruptState", `a ${rowKey.kind} row stands among the values: rebuild this node from the others`);
}
