import { ErrorCode } from "@raftkv/proto/kv";
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

export interface WireRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array | undefined;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly atRevision: bigint;
}

/** An empty end means the last key, a limit of 0 none. */
export function rangeRead({ from, to, limit, keysOnly, atRevision: at }: WireRange): Read {
  return {
    kind: "range",
    from,
    to: to?.length === 0 ? undefined : to,
    limit: limitOf(limit),
    keysOnly,
    ...atRevision(at),
  };
}

export function historyRead(key: Uint8Array, wire: { readonly atRevision: bigint; readonly limit: number }): Read {
  return { kind: "history", key, limit: limitOf(wire.limit), ...atRevision(wire.atRevision) };
}

function limitOf(limit: number): number {
  return limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
}

/** An answer that answers something. */
export type Answered = Extract<ReadAnswer, { kind: "get" | "range" | "history" }>;

/** Why there is no answer. */
export function whyUnanswered(answer: Exclude<ReadAnswer, Answered>): Failure {
  switch (answer.kind) {
    case "tooLarge":
      return READ_TOO_LARGE;
    case "compacted": {
      const { compactRevision } = answer;
      const message = `the revision is compacted: the earliest that can be read is ${compactRevision}`;
      return { code: ErrorCode.COMPACTED, message, compactRevision };
    }
    case "futureRevision":
      return { code: ErrorCode.FUTURE_REVISION, message: "the store has not come to the revision yet" };
  }
}
