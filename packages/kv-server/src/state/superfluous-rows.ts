import { behindValueRowsBefore, parseRowKey, valueRowKey } from "../codec/row-keys.ts";
import type { MetaRow } from "../codec/rows.ts";
import type { StateRow, StateView } from "../ports/state-store.ts";
import { keyId } from "./key-id.ts";
import { removalsOf } from "./scavenger.ts";

/** More of them are too many to keep in mind. */
const MOST_ROWS = 200_000;

/** Keys of rows, by `keyId`. */
export type RowIds = ReadonlySet<string>;

/**
 * The rows that compaction has made superfluous and that are still there, as each node removes them at its own pace. Undefined: they
 * are more than can be kept in mind.
 */
export async function superfluousRows(view: StateView, meta: MetaRow): Promise<RowIds | undefined> {
  const ids = new Set<string>();
  const { compactRevision, scavengedThrough } = meta;
  for await (const rows of view.rows(behindValueRowsBefore(scavengedThrough))) {
    for (const row of rows) {
      if (!isWriteUpTo(row, compactRevision)) return ids;
      for (const { revision, sub, historyRow } of removalsOf(row, compactRevision)) {
        ids.add(keyId(valueRowKey(revision, sub)));
        ids.add(keyId(historyRow));
      }
    }
    if (ids.size > MOST_ROWS) return undefined;
  }
  return ids;
}

function isWriteUpTo({ key }: StateRow, revision: number): boolean {
  const parsed = parseRowKey(key);
  return parsed.kind === "value" && parsed.revision <= revision;
}
