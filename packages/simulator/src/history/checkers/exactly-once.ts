import type { Operation } from "../operation.ts";
import type { Facts, Finding, SeenEntry } from "./facts.ts";

const promise = "exactly once";

interface Put {
  readonly value: string;
  readonly facts: Facts;
}

interface Sighting {
  readonly entry: SeenEntry;
  readonly operation: Operation<unknown, unknown>;
}

/** All that is known of one key. */
class KeyRecord {
  readonly puts: Put[] = [];
  readonly sightings: Sighting[] = [];
  hasDeletes = false;
}

/**
 * Each acknowledged put took effect once, each other one at most once. Shown by revisions, for values that only one put
 * writes: it is never seen at another revision than that of its put, nor at two; and by versions, which count the puts
 * since a key was created: between two revisions they go up by as many puts as there can have been, and where nothing was
 * deleted by as many as were acknowledged. Every write to the keys has to be in the history.
 */
export function checkExactlyOnce(history: readonly Facts[]): Finding[] {
  const keys = recordsOf(history);
  return [...keys.values()].flatMap((record) => [...checkValues(record), ...checkVersions(record)]);
}

function recordsOf(history: readonly Facts[]): Map<string, KeyRecord> {
  const keys = new Map<string, KeyRecord>();
  const recordOf = (key: string): KeyRecord => {
    const record = keys.get(key) ?? new KeyRecord();
    keys.set(key, record);
    return record;
  };
  for (const facts of history) {
    for (const { key, value } of facts.writes) {
      if (value === undefined) recordOf(key).hasDeletes = true;
      else recordOf(key).puts.push({ value, facts });
    }
    for (const { key, entry } of facts.saw) {
      if (entry !== undefined) recordOf(key).sightings.push({ entry, operation: facts.operation });
    }
  }
  return keys;
}

function checkValues({ puts, sightings }: KeyRecord): Finding[] {
  const findings: Finding[] = [];
  const putOf = new Map<string, Put | "several">();
  for (const put of puts) putOf.set(put.value, putOf.has(put.value) ? "several" : put);
  const firstSeen = new Map<string, Sighting>();
  for (const sighting of sightings) {
    const { value, modRevision } = sighting.entry;
    const put = putOf.get(value);
    if (put === undefined || put === "several") continue;
    const { wroteAt, operation } = put.facts;
    const first = firstSeen.get(value) ?? sighting;
    firstSeen.set(value, first);
    if (wroteAt !== undefined && wroteAt !== modRevision) {
      const message = `${value} was put at revision ${wroteAt} and is seen as of revision ${modRevision}`;
      findings.push({ promise, message, operations: [operation, sighting.operation] });
    } else if (first.entry.modRevision !== modRevision) {
      const message = `${value}, put once, is seen as of revisions ${first.entry.modRevision} and ${modRevision}`;
      findings.push({ promise, message, operations: [operation, first.operation, sighting.operation] });
    }
  }
  return findings;
}

function checkVersions({ puts, sightings, hasDeletes }: KeyRecord): Finding[] {
  const findings: Finding[] = [];
  const revisions = puts.flatMap(({ facts }) => facts.wroteAt ?? []).sort((a, b) => a - b);
  const inDoubt = puts.filter(({ facts }) => facts.wroteAt === undefined).length;
  const ascending = [...sightings].sort((a, b) => a.entry.modRevision - b.entry.modRevision);
  let before: Sighting | undefined;
  let putsBefore = 0;
  let putsUntil = 0;
  for (const sighting of ascending) {
    const { version, modRevision } = sighting.entry;
    while ((revisions[putsUntil] ?? Number.POSITIVE_INFINITY) <= modRevision) putsUntil++;
    const known = putsUntil - putsBefore;
    const more = version - (before?.entry.version ?? 0);
    const since = before === undefined ? "" : ` since revision ${before.entry.modRevision}`;
    const operations = before === undefined ? [sighting.operation] : [before.operation, sighting.operation];
    if (more > known + inDoubt) {
      const message = `version ${version} at revision ${modRevision}: ${more} puts${since}, and at most ${known + inDoubt} were asked for`;
      findings.push({ promise, message, operations });
    } else if (!hasDeletes && more < known) {
      const message = `version ${version} at revision ${modRevision}: ${more} puts${since}, and ${known} were acknowledged`;
      findings.push({ promise, message, operations });
    }
    before = sighting;
    putsBefore = putsUntil;
  }
  return findings;
}
