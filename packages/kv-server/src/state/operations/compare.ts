import type { Comparison, Relation } from "../command.ts";
import { keyId } from "../key-id.ts";
import type { KeyRecord } from "../key-record.ts";
import type { Present } from "../present.ts";

/**
 * As in etcd: of a key that does not exist version, revisions and lease are 0, and a comparison of its value never holds. Over
 * a range it must hold for every key; a range without keys counts as one key that does not exist.
 */
export function compares(comparison: Comparison, present: Present): boolean {
  const { id, range } = comparison;
  if (range === undefined) return comparesKey(comparison, id, present.record(id), present);
  let count = 0;
  for (const each of present.idsIn(id, range.to && keyId(range.to))) {
    if (!comparesKey(comparison, each, present.record(each), present)) return false;
    count++;
  }
  return count > 0 || comparesKey(comparison, id, undefined, present);
}

function comparesKey(
  { target, relation }: Comparison,
  id: string,
  record: KeyRecord | undefined,
  present: Present,
): boolean {
  if (target.kind === "value") {
    return record !== undefined && isSo(relation, Buffer.compare(present.value(id), target.value));
  }
  return isSo(relation, (record?.[target.kind] ?? 0) - target.number);
}

function isSo(relation: Relation, difference: number): boolean {
  switch (relation) {
    case "equal":
      return difference === 0;
    case "notEqual":
      return difference !== 0;
    case "less":
      return difference < 0;
    case "greater":
      return difference > 0;
  }
}
