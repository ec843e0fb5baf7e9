import { decodeLeaseCounters, encodeLeaseCounters } from "../codec/lease-rows.ts";
import { LEASE_COUNTERS_KEY, META_KEY, parseRowKey } from "../codec/row-keys.ts";
import { decodeMetaRow, encodeMetaRow, type MetaRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import { hasLeases, keepsHistory } from "../state/counters.ts";
import type { LeaseCounters } from "../state/leases/lease.ts";
import { LEASE_BOUNDS } from "../state/leases/lease-bounds.ts";
import { decodeSnapshot } from "../state/snapshot-decoder.ts";
import { type BackupHeader, malformedBackup, openBackup } from "./backup-format.ts";

export interface RestoreOptions {
  /**
   * The restored store goes on from the backup's revision plus so many: more than were written since it was taken. So no
   * revision that a client has seen is ever given out again for something else, and no watch or cache that goes on from such
   * a revision is fooled: it is told that its revision is compacted. The ids that it chooses for leases go on from so many
   * later, too: whoever keeps a lease of the old cluster alive keeps no other's.
   */
  readonly bumpRevision: number;
}

/** As etcd's documentation advises: what nobody writes between two backups. */
export const DEFAULT_REVISION_BUMP = 1_000_000_000;

export interface RestoreSummary {
  readonly header: BackupHeader;
  /** The store's revision after the restore; of a backup that was only verified, its own. */
  readonly revision: number;
  readonly keys: number;
  /** Whose sessions end with the restore. */
  readonly sessions: number;
}

/**
 * Fills an engine that holds nothing with the state of a backup, for a cluster that is to form with it: under the backup's
 * index, with its revision moved on, its history compacted, and without sessions: clients of the old cluster are strangers to
 * the new one. Cluster time goes on, so what is left of a lease is left. Nothing is written where the backup is
 * damaged: it rejects with a `KvError` (`malformedBackup`, `newerFormat`, or `outOfOrder` where the engine is not empty).
 */
export async function restoreBackup(
  store: StateStore,
  chunks: AsyncIterable<Uint8Array>,
  { bumpRevision }: RestoreOptions,
): Promise<RestoreSummary> {
  if (store.appliedIndex() > 0) {
    throw new KvError("outOfOrder", "the state is not empty: a backup is restored into a fresh data directory only");
  }
  const taken = new RowTaker(bumpRevision);
  return read(chunks, taken, (index, rows) => store.replace(index, rows));
}

/** Reads a backup to its end, and checks all of it. Rejects as `restoreBackup`. */
export async function verifyBackup(chunks: AsyncIterable<Uint8Array>): Promise<RestoreSummary> {
  return read(chunks, new RowTaker(0), async (_, rows) => {
    for await (const _batch of rows);
  });
}

async function read(
  chunks: AsyncIterable<Uint8Array>,
  taker: RowTaker,
  take: (index: number, rows: AsyncIterable<readonly StateRow[]>) => Promise<void>,
): Promise<RestoreSummary> {
  const backup = await openBackup(chunks);
  const { header } = backup;
  try {
    await take(header.index, taker.rows(decodeSnapshot(header.index, backup.state()), header));
  } catch (cause) {
    throw malformedBackup(cause);
  } finally {
    await backup.close();
  }
  return { header, revision: taker.revision, keys: taker.keys, sessions: taker.sessions };
}

/** Goes along with the rows of one backup. */
class RowTaker {
  readonly #bump: number;
  revision = 0;
  keys = 0;
  sessions = 0;
  #hasLeaseCounters = false;

  constructor(bump: number) {
    this.#bump = bump;
  }

  async *rows(
    batches: AsyncIterable<readonly StateRow[]>,
    header: BackupHeader,
  ): AsyncGenerator<readonly StateRow[], void, undefined> {
    for await (const batch of batches) yield batch.flatMap((row) => this.#row(row, header));
  }

  #row(row: StateRow, header: BackupHeader): readonly StateRow[] {
    const { kind } = parseRowKey(row.key);
    if (kind === "session") {
      this.sessions++;
      return [];
    }
    if (kind === "answer") return [];
    if (kind === "index") this.keys++;
    if (kind === "leaseCounters") return [this.#leaseCounters(decodeLeaseCounters(row.value))];
    return kind === "meta" ? this.#metaRows(decodeMetaRow(row.value), header) : [row];
  }

  #metaRows(found: MetaRow, header: BackupHeader): readonly StateRow[] {
    const meta = { key: META_KEY, value: encodeMetaRow(this.#meta(found, header)) };
    // Where no lease was ever granted there is no row that comes before.
    const isMissing = hasLeases(found) && this.#bump > 0 && !this.#hasLeaseCounters;
    return isMissing ? [this.#leaseCounters({ chosen: 0, granted: 0, own: 0 }), meta] : [meta];
  }

  #leaseCounters(counters: LeaseCounters): StateRow {
    this.#hasLeaseCounters = true;
    const chosen = counters.chosen + this.#bump;
    if (LEASE_BOUNDS.firstChosenId + chosen >= LEASE_BOUNDS.firstOwnId) {
      throw new RangeError("the ids of its leases cannot be moved on so far");
    }
    return { key: LEASE_COUNTERS_KEY, value: encodeLeaseCounters({ ...counters, chosen }) };
  }

  #meta(meta: MetaRow, header: BackupHeader): MetaRow {
    if (meta.revision !== header.revision) {
      throw new RangeError(`it is of revision ${meta.revision}, where its header names ${header.revision}`);
    }
    this.revision = meta.revision + this.#bump;
    if (!Number.isSafeInteger(this.revision)) throw new RangeError("its revision cannot be moved on so far");
    const compacted = keepsHistory(meta) && this.#bump > 0 ? { compactRevision: this.revision } : {};
    return { ...meta, revision: this.revision, ...compacted };
  }
}
