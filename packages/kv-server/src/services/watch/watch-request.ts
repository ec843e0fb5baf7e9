import { type CreateWatch, ErrorCode } from "@raftkv/proto/kv";
import { keyId } from "../../state/key-id.ts";
import type { Failure } from "../kv-failure.ts";
import { invalid } from "../text-form.ts";
import type { Interest } from "./interest.ts";

/** What a client has asked for, checked. */
export interface WatchPlan {
  readonly id: bigint;
  readonly interest: Interest;
  /** Undefined: from now. */
  readonly startRevision: number | undefined;
  readonly minRevision: number;
  readonly credit: number;
  /** Undefined: it wants none. */
  readonly progressMs: number | undefined;
}

const MIN_PROGRESS_MS = 100;
const MAX_PROGRESS_MS = 2 ** 31 - 1;

/** Nothing is kept of keys that are longer than those of the store: `maxKeyBytes`, and one more where a range ends. */
export function watchPlan(create: CreateWatch, maxKeyBytes: number): WatchPlan | Failure {
  const { watchId, from, to, startRevision, minRevision, progressIntervalMs, creditBytes } = create;
  const { withoutPuts, withoutDeletes, withPrevious } = create;
  if (watchId === 0n) return invalid("watch_id is 0: choose another, and never the same one twice on a stream");
  if (withoutPuts && withoutDeletes) return invalid("without_puts and without_deletes together leave nothing to tell");
  const tooLong = checkLength("from", from, maxKeyBytes) ?? checkLength("to", to, maxKeyBytes + 1);
  if (tooLong !== undefined) return tooLong;
  if (to.length > 0 && Buffer.compare(from, to) >= 0) return invalid("the range is empty: to is not after from");
  const tooLate = [startRevision, minRevision].find((revision) => revision > BigInt(Number.MAX_SAFE_INTEGER));
  if (tooLate !== undefined) return invalid(`revision ${tooLate} is above ${Number.MAX_SAFE_INTEGER}`);
  if (progressIntervalMs > 0n && progressIntervalMs < BigInt(MIN_PROGRESS_MS)) {
    return invalid(`progress_interval_ms is ${progressIntervalMs}, expected 0 or at least ${MIN_PROGRESS_MS}`);
  }
  return {
    id: watchId,
    interest: {
      from: keyId(from),
      to: to.length === 0 ? undefined : keyId(to),
      withoutPuts,
      withoutDeletes,
      withPrevious,
    },
    startRevision: startRevision === 0n ? undefined : Number(startRevision),
    minRevision: Number(minRevision),
    credit: bytesOf(creditBytes),
    progressMs: progressIntervalMs === 0n ? undefined : Math.min(Number(progressIntervalMs), MAX_PROGRESS_MS),
  };
}

function checkLength(name: string, { length }: Uint8Array, most: number): Failure | undefined {
  if (length <= most) return undefined;
  return { code: ErrorCode.KEY_TOO_LARGE, message: `${name} has ${length} bytes, at most ${most} are allowed` };
}

export function bytesOf(wire: bigint): number {
  return Number(wire > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : wire);
}
