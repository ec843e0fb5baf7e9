import { ErrorCode, type RangeOperation } from "@raftkv/proto/kv";
import { decodeFilter, decodeOrder } from "../codec/range-codec.ts";
import { OPERATION_BOUNDS } from "../state/operation-bounds.ts";
import type { Read, ReadAnswer } from "../state/read.ts";
import { type Failure, KvFailure } from "./kv-failure.ts";
import { READ_TOO_LARGE } from "./read-path.ts";
import { invalid } from "./text-form.ts";

/** The revision of the past at which to read, as the wire gives it: 0 means none. Throws a `KvFailure`. */
export function atRevision(wire: bigint): { readonly atRevision?: number } {
  if (wire === 0n) return {};
  if (wire > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new KvFailure(invalid(`at_revision is ${wire}, expected at most ${Number.MAX_SAFE_INTEGER}`));
  }
  return { atRevision: Number(wire) };
}

export function getRead(key: Uint8Array, wire: { readonly atRevision: bigint }): Read {
  return { kind: "get", key, ...atRevision(wire.atRevision) };
}

export type WireRange = Pick<
  RangeOperation,
  "from" | "limit" | "keysOnly" | "atRevision" | "countOnly" | "order" | "filter"
> & { readonly to: Uint8Array | undefined };

/** An empty end means the last key, a limit of 0 none. Throws a `KvFailure`. */
export function rangeRead(wire: WireRange): Read {
  const { from, to, keysOnly, countOnly } = wire;
  const order = decodeOrder(wire.order);
  if (order === "unknown") throw new KvFailure(invalid("the order of the range is unknown to this version of raftkv"));
  const filter = decodeFilter(wire.filter);
  return {
    kind: "range",
    from,
    to: to?.length === 0 ? undefined : to,
    limit: limitOf(wire.limit),
    keysOnly,
    ...(countOnly ? { countOnly } : {}),
    ...(order === undefined ? {} : { order }),
    ...(filter === undefined ? {} : { filter }),
    ...atRevision(wire.atRevision),
  };
}

export function historyRead(key: Uint8Array, wire: { readonly atRevision: bigint; readonly limit: number }): Read {
  return { kind: "history", key, limit: limitOf(wire.limit), ...atRevision(wire.atRevision) };
}

/** Throws a `KvFailure`. */
export function leaseRead({ leaseId, withKeys }: { readonly leaseId: bigint; readonly withKeys: boolean }): Read {
  if (leaseId === 0n) throw new KvFailure(invalid("lease_id is 0: say which lease"));
  return { kind: "lease", leaseId: Number(leaseId <= MOST ? leaseId : MOST), withKeys };
}

export function leasesRead({ fromLeaseId, limit }: { readonly fromLeaseId: bigint; readonly limit: number }): Read {
  return { kind: "leases", from: Number(fromLeaseId <= MOST ? fromLeaseId : MOST), limit: limitOf(limit) };
}

/** No lease has so large an id. */
const MOST = BigInt(Number.MAX_SAFE_INTEGER - 1);

function limitOf(limit: number): number {
  return limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
}

/** An answer that answers something. */
export type Answered = Extract<ReadAnswer, { kind: "get" | "range" | "history" | "lease" | "leases" }>;

const RANGE_TOO_LARGE: Failure = {
  code: ErrorCode.OPERATION_TOO_LARGE,
  message:
    `the range is too large for an order other than by key: at most ${OPERATION_BOUNDS.maxKeys} keys are put in order at ` +
    `once (by value at most ${OPERATION_BOUNDS.maxValueBytes} bytes of them), and must fit in one answer: set a limit, ask ` +
    "for keys only, or take it in key order",
};

/** Why there is no answer. */
export function whyUnanswered(answer: Exclude<ReadAnswer, Answered>): Failure {
  switch (answer.kind) {
    case "tooLarge":
      return READ_TOO_LARGE;
    case "rangeTooLarge":
      return RANGE_TOO_LARGE;
    case "compacted": {
      const { compactRevision } = answer;
      const message = `the revision is compacted: the earliest that can be read is ${compactRevision}`;
      return { code: ErrorCode.COMPACTED, message, compactRevision };
    }
    case "futureRevision":
      return { code: ErrorCode.FUTURE_REVISION, message: "the store has not come to the revision yet" };
  }
}
