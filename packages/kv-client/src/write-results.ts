import type {
  DeleteRangeResult as WireDeleteRangeResult,
  DeleteResult as WireDeleteResult,
  PutResult as WirePutResult,
} from "@raftkv/proto/kv";
import { KeyValue } from "./key-value.ts";
import { safeInteger } from "./safe-integer.ts";

export interface PutResult {
  /** The store's revision after the put: from now on the key's `modRevision`. */
  readonly revision: number;
  /** What the key was before: where that was asked for, and the key existed. */
  readonly previous?: KeyValue;
}

export interface DeleteResult {
  /** The store's revision after the delete; it moves only if the key existed. */
  readonly revision: number;
  /** Whether the key existed. */
  readonly deleted: boolean;
  /** What the key was before: where that was asked for, and the key existed. */
  readonly previous?: KeyValue;
}

export interface DeleteRangeResult {
  /** The store's revision after it; it moves only if there was a key. */
  readonly revision: number;
  /** How many keys there were. */
  readonly deleted: number;
  /** What they were, in key order; empty unless that was asked for. */
  readonly previous: readonly KeyValue[];
}

export function putResult({ revision, previous }: WirePutResult): PutResult {
  return { revision: safeInteger(revision, "revision"), ...previousOf(previous) };
}

export function deleteResult({ revision, deleted, previous }: WireDeleteResult): DeleteResult {
  return { revision: safeInteger(revision, "revision"), deleted, ...previousOf(previous) };
}

export function deleteRangeResult({ revision, deleted, previous }: WireDeleteRangeResult): DeleteRangeResult {
  return {
    revision: safeInteger(revision, "revision"),
    deleted: safeInteger(deleted, "number of keys"),
    previous: previous.map((entry) => new KeyValue(entry)),
  };
}

function previousOf(previous: WirePutResult["previous"]): { readonly previous?: KeyValue } {
  return previous === undefined ? {} : { previous: new KeyValue(previous) };
}
