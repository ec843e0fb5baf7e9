import type { Fence as WireFence } from "@raftkv/proto/kv";
import { keyBytes } from "./bytes.ts";
import type { CallOptions } from "./call.ts";
import { count } from "./count.ts";

/** Whoever holds the lock that `key` stands for, since the revision `token`: the `createRevision` that the key had then. */
export interface Fence {
  readonly key: string | Uint8Array;
  readonly token: number;
}

export interface FenceOptions {
  /** The write takes effect only while that lock is held by the same holder; else it is refused with FENCED. */
  readonly fence?: Fence;
}

export interface WriteOptions extends CallOptions, FenceOptions {
  /** Tell what the key was before. */
  readonly previous?: boolean;
}

/** Throws INVALID_ARGUMENT. */
export function fenceOf({ fence }: FenceOptions): { readonly fence?: WireFence } {
  if (fence === undefined) return {};
  const token = count("fence.token", fence.token, 1, Number.MAX_SAFE_INTEGER);
  return { fence: { $typeName: "raftkv.kv.v1.Fence", key: keyBytes(fence.key), token: BigInt(token) } };
}
