import type { Entry, SnapshotMetadata, WriteBatch } from "@raftkv/raft-core";
import { seededRandom } from "@raftkv/raft-core/testing";
import { sampleEntries, twoMembers } from "./sample-entries.ts";

export type PlannedChange =
  | { readonly kind: "write"; readonly batch: WriteBatch }
  | { readonly kind: "compact"; readonly base: SnapshotMetadata };

/** The log as it is after the first so many planned changes. */
export interface PlannedLog {
  readonly base: SnapshotMetadata;
  readonly entries: readonly Entry[];
  readonly term: number;
}

/** A long run of changes that depends on the seed alone: whoever knows it knows what the log must be. */
export function* crashPlan(seed: number): Generator<{ readonly change: PlannedChange; readonly after: PlannedLog }> {
  const random = seededRandom(seed);
  const below = (bound: number) => Math.floor(random.next() * bound);
  let log: PlannedLog = { base: { index: 0, term: 0, membership: twoMembers }, entries: [], term: 1 };
  for (let id = 1; ; id++) {
    const last = log.base.index + log.entries.length;
    const choice = below(20);
    if (choice === 0 && log.entries.length > 40) {
      const base = pointAt(log, log.base.index + 1 + below(log.entries.length - 20));
      log = { ...log, base, entries: log.entries.filter(({ index }) => index > base.index) };
      yield { change: { kind: "compact", base }, after: log };
      continue;
    }
    const truncateFrom = choice === 1 && log.entries.length > 10 ? last - below(8) : undefined;
    const term = log.term + (truncateFrom === undefined ? 0 : 1);
    const from = truncateFrom ?? last + 1;
    const append = sampleEntries(from, from + below(6), term);
    log = { ...log, term, entries: [...log.entries.filter(({ index }) => index < from), ...append] };
    const hardState = { term, votedFor: 1, commit: log.base.index };
    const batch = { id, hardState, append, ...(truncateFrom !== undefined && { truncateFrom }) };
    yield { change: { kind: "write", batch }, after: log };
  }
}

function pointAt(log: PlannedLog, index: number): SnapshotMetadata {
  const term = log.entries.find((entry) => entry.index === index)?.term ?? log.base.term;
  return { index, term, membership: twoMembers };
}
