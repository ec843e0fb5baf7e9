import { decodeLeaseCounters } from "../codec/lease-rows.ts";
import { LEASE_COUNTERS_KEY, META_KEY } from "../codec/row-keys.ts";
import { decodeMetaRow, type MetaRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateStore } from "../ports/state-store.ts";
import { APPLY_VERSION, type Counters, FIRST_APPLY_VERSION, FIRST_REVISION } from "./counters.ts";
import type { LeaseState } from "./leases/lease-table.ts";
import { loadSessions } from "./saved-sessions.ts";
import { SessionTable } from "./session-table.ts";

/** What of the engine's content is kept in memory: everything but keys, values and leases. */
export interface SavedState {
  readonly counters: Counters;
  readonly sessions: SessionTable;
  readonly leases: LeaseState;
  /** What compaction up to here has made superfluous is gone from the engine. */
  readonly scavengedThrough: number;
}

/** Reads it at start and after a restore. Throws a `KvError` on damage, or on a newer version's data. */
export async function loadSavedState(store: StateStore): Promise<SavedState> {
  const appliedIndex = store.appliedIndex();
  const [row, leaseCounters] = await store.getMany([META_KEY, LEASE_COUNTERS_KEY]);
  if (row === undefined && appliedIndex > 0) {
    throw new KvError(
      "corruptState",
      `the key-value state at index ${appliedIndex} has no meta row: rebuild this node from the others`,
    );
  }
  const meta = row === undefined ? FRESH : checkedMeta(decodeMetaRow(row));
  const { scavengedThrough, ...counters } = meta;
  return {
    counters: { ...counters, appliedIndex },
    scavengedThrough,
    sessions: new SessionTable(await loadSessions(store)),
    leases: {
      counters: leaseCounters === undefined ? { chosen: 0, granted: 0, own: 0 } : decodeLeaseCounters(leaseCounters),
      soonestMs: Number.POSITIVE_INFINITY,
      deadlinesFromMs: 0,
    },
  };
}

const FRESH: MetaRow = {
  revision: FIRST_REVISION,
  clusterTimeMs: 0,
  applyVersion: FIRST_APPLY_VERSION,
  compactRevision: 0,
  scavengedThrough: 0,
  hashHigh: 0,
  hashLow: 0,
};

/** Refuses what this version would apply differently. */
export function checkedMeta(meta: MetaRow): MetaRow {
  if (meta.applyVersion <= APPLY_VERSION) return meta;
  throw new KvError(
    "newerFormat",
    `the key-value state has apply version ${meta.applyVersion}, this version knows up to ${APPLY_VERSION}: ` +
      "start a newer raftkv on this data",
  );
}
