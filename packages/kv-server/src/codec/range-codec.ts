import {
  type RevisionFilter as WireFilter,
  type RangeOrder as WireOrder,
  SortTarget as WireTarget,
} from "@raftkv/proto/kv";
import type { RangeOrder, RevisionFilter, SortTarget } from "../state/range-options.ts";

const TARGETS: ReadonlyMap<WireTarget, SortTarget> = new Map([
  [WireTarget.UNSPECIFIED, "key"],
  [WireTarget.KEY, "key"],
  [WireTarget.VERSION, "version"],
  [WireTarget.CREATE_REVISION, "createRevision"],
  [WireTarget.MOD_REVISION, "modRevision"],
  [WireTarget.VALUE, "value"],
]);

/** Undefined: by key, ascending. "unknown": an order of a later version. */
export function decodeOrder(wire: WireOrder | undefined): RangeOrder | undefined | "unknown" {
  if (wire === undefined) return undefined;
  const target = TARGETS.get(wire.target);
  if (target === undefined) return "unknown";
  return target === "key" && !wire.descending ? undefined : { target, descending: wire.descending };
}

/** A bound of 0 is none. */
export function decodeFilter(wire: WireFilter | undefined): RevisionFilter | undefined {
  if (wire === undefined) return undefined;
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = wire;
  if (minModRevision + maxModRevision + minCreateRevision + maxCreateRevision === 0n) return undefined;
  return {
    minModRevision: Number(minModRevision),
    maxModRevision: upperBound(maxModRevision),
    minCreateRevision: Number(minCreateRevision),
    maxCreateRevision: upperBound(maxCreateRevision),
  };
}

function upperBound(wire: bigint): number {
  return wire === 0n ? Number.POSITIVE_INFINITY : Number(wire);
}

/** A limit of 0 is none. */
export function decodeLimit(limit: number): number {
  return limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
}
