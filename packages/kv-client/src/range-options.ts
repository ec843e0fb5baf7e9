import { type RangeOrder, type RevisionFilter, SortTarget } from "@raftkv/proto/kv";
import { count } from "./count.ts";
import { invalidArgument } from "./error.ts";

/** What a range is in the order of; the key decides between equals. */
export type SortBy = "key" | "version" | "createRevision" | "modRevision" | "value";

/** What a range shows of the keys in it, and in which order. */
export interface RangeViewOptions extends RevisionFilterOptions {
  /** By key unless told. In another order the cluster has to hold all keys of the range at once: at most 100,000. */
  readonly sortBy?: SortBy;
  /** The last first. */
  readonly descending?: boolean;
}

/** Bounds on the revisions of the keys that are shown, all inclusive. */
export interface RevisionFilterOptions {
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

const TARGETS: Readonly<Record<SortBy, SortTarget>> = {
  key: SortTarget.KEY,
  version: SortTarget.VERSION,
  createRevision: SortTarget.CREATE_REVISION,
  modRevision: SortTarget.MOD_REVISION,
  value: SortTarget.VALUE,
};

/** Order and filter as they go on the wire; left out where they say nothing. Throws INVALID_ARGUMENT. */
export function rangeView(options: RangeViewOptions): {
  readonly order?: RangeOrder;
  readonly filter?: RevisionFilter;
} {
  return { ...orderOf(options), ...filterOf(options) };
}

function orderOf({ sortBy = "key", descending = false }: RangeViewOptions): { readonly order?: RangeOrder } {
  if (!Object.hasOwn(TARGETS, sortBy)) {
    throw invalidArgument(`sortBy is ${JSON.stringify(sortBy)}: expected one of ${Object.keys(TARGETS).join(", ")}`);
  }
  if (sortBy === "key" && !descending) return {};
  return { order: { $typeName: "raftkv.kv.v1.RangeOrder", target: TARGETS[sortBy], descending } };
}

function filterOf(options: RevisionFilterOptions): { readonly filter?: RevisionFilter } {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = options;
  const bounds = { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision };
  if (Object.values(bounds).every((bound) => bound === undefined)) return {};
  const wire = (name: keyof typeof bounds) => {
    const bound = bounds[name];
    return bound === undefined ? 0n : BigInt(count(name, bound, 1, Number.MAX_SAFE_INTEGER));
  };
  return {
    filter: {
      $typeName: "raftkv.kv.v1.RevisionFilter",
      minModRevision: wire("minModRevision"),
      maxModRevision: wire("maxModRevision"),
      minCreateRevision: wire("minCreateRevision"),
      maxCreateRevision: wire("maxCreateRevision"),
    },
  };
}
