import { create } from "@bufbuild/protobuf";
import { RangeStepSchema, type StepResult, type TransactionStep as WireStep } from "@raftkv/proto/kv";
import { keyBytes } from "../bytes.ts";
import { count } from "../count.ts";
import { deletedRange, type KeyRangeTarget, namedRange } from "../key-range.ts";
import { KeyValue } from "../key-value.ts";
import { type PutLeaseOptions, putLeaseFields } from "../leases/put-lease.ts";
import { type KeepValueOptions, putValue } from "../put-value.ts";
import { type RangeViewOptions, rangeView } from "../range-options.ts";
import { safeInteger } from "../safe-integer.ts";
import {
  type DeleteRangeResult,
  type DeleteResult,
  deleteRangeResult,
  deleteResult,
  type PutResult,
  putResult,
} from "../write-results.ts";

/** One thing that a transaction does. Made by `step`. */
export class Step<out Result> {
  readonly wire: WireStep["step"];
  /** Undefined: this is not the answer to such a step. */
  readonly toResult: (result: StepResult["result"]) => { readonly result: Result } | undefined;

  constructor(
    wire: WireStep["step"],
    toResult: (result: StepResult["result"]) => { readonly result: Result } | undefined,
  ) {
    this.wire = wire;
    this.toResult = toResult;
  }
}

export interface StepOptions {
  /** Tell what was there before. */
  readonly previous?: boolean;
}

export interface RangeStepOptions extends KeyRangeTarget, RangeViewOptions {
  /** At most so many keys. No limit unless told. */
  readonly limit?: number;
  /** Leaves the values out. */
  readonly keysOnly?: boolean;
}

/** What a range in a transaction finds. */
export interface RangeStepResult {
  readonly entries: readonly KeyValue[];
  /** There are more than the limit allowed. */
  readonly more: boolean;
  /** All that there are and that the filter lets through, whatever the limit. */
  readonly count: number;
}

export interface PutStepOptions extends StepOptions, PutLeaseOptions, KeepValueOptions {}

/** `value` is undefined with `keepValue`, and only then. */
export function put(
  key: string | Uint8Array,
  value: string | Uint8Array | undefined,
  options: PutStepOptions = {},
): Step<PutResult> {
  const wire = {
    $typeName: "raftkv.kv.v1.PutOperation",
    key: keyBytes(key),
    value: putValue(value, options),
    ...putLeaseFields(options),
    withPrevious: options.previous ?? false,
    keepValue: options.keepValue ?? false,
  } as const;
  return new Step({ case: "put", value: wire }, (result) =>
    result.case === "put" ? { result: putResult(result.value) } : undefined,
  );
}

export function del(key: string | Uint8Array, options: StepOptions = {}): Step<DeleteResult> {
  const withPrevious = options.previous ?? false;
  const wire = { $typeName: "raftkv.kv.v1.DeleteOperation", key: keyBytes(key), withPrevious } as const;
  return new Step({ case: "delete", value: wire }, (result) =>
    result.case === "delete" ? { result: deleteResult(result.value) } : undefined,
  );
}

export function deleteRange(range: KeyRangeTarget, options: StepOptions = {}): Step<DeleteRangeResult> {
  const withPrevious = options.previous ?? false;
  const bounds = deletedRange("deleteRange", range);
  const wire = { $typeName: "raftkv.kv.v1.DeleteRangeOperation", ...bounds, withPrevious } as const;
  return new Step({ case: "deleteRange", value: wire }, (result) =>
    result.case === "deleteRange" ? { result: deleteRangeResult(result.value) } : undefined,
  );
}

export function get(key: string | Uint8Array): Step<KeyValue | undefined> {
  const wire = { $typeName: "raftkv.kv.v1.GetStep", key: keyBytes(key) } as const;
  return new Step({ case: "get", value: wire }, (result) => {
    if (result.case !== "get") return undefined;
    const { entry } = result.value;
    return { result: entry === undefined ? undefined : new KeyValue(entry) };
  });
}

export function range(options: RangeStepOptions): Step<RangeStepResult> {
  return rangeStep(options, false);
}

/** As `range`, without the entries. */
export function countKeys(options: KeyRangeTarget & RangeViewOptions): Step<number> {
  const counted = rangeStep(options, true);
  return new Step(counted.wire, (result) => {
    const found = counted.toResult(result);
    return found === undefined ? undefined : { result: found.result.count };
  });
}

function rangeStep(options: RangeStepOptions, countOnly: boolean): Step<RangeStepResult> {
  const { keysOnly = false } = options;
  const limit = options.limit === undefined ? 0 : count("limit", options.limit, 1, 2 ** 32 - 1);
  const view = rangeView(options);
  const wire = create(RangeStepSchema, { ...namedRange("range", options), ...view, limit, keysOnly, countOnly });
  return new Step({ case: "range", value: wire }, (result) => {
    if (result.case !== "range") return undefined;
    const entries = result.value.entries.map((entry) => new KeyValue(entry));
    return { result: { entries, more: result.value.more, count: safeInteger(result.value.count, "count") } };
  });
}
