import type {
  DeleteOperation as WireDelete,
  DeleteRangeOperation as WireDeleteRange,
  PutOperation as WirePut,
} from "@raftkv/proto/kv";
import type { DeleteOperation, DeleteRangeOperation, PutLease, PutOperation } from "../state/command.ts";
import { keyId } from "../state/key-id.ts";

/** What cannot be carried out, whatever the state. */
export type Undoable = { readonly kind: "invalid"; readonly reason: string } | { readonly kind: "unknown" };

export function decodePut(wire: WirePut): PutOperation | Undoable {
  const { key, value, withPrevious, keepValue } = wire;
  if (keepValue && value.length > 0) return { kind: "invalid", reason: "keep_value and a value exclude each other" };
  const lease = decodePutLease(wire);
  const options = withPrevious || keepValue || lease !== undefined ? { withPrevious, keepValue, lease } : undefined;
  return { kind: "put", id: keyId(key), key, value, options };
}

function decodePutLease({ leaseId, ttlMs, keepLease: keep }: WirePut): PutLease | undefined {
  if (leaseId === 0n && ttlMs === 0n && !keep) return undefined;
  return { leaseId: Number(leaseId), ttlMs: Number(ttlMs), keep };
}

export function decodeDelete({ key, withPrevious }: WireDelete): DeleteOperation {
  return { kind: "delete", id: keyId(key), key, withPrevious };
}

export function decodeDeleteRange({ from, to, withPrevious }: WireDeleteRange): DeleteRangeOperation {
  return { kind: "deleteRange", from, to: rangeEnd(to), withPrevious };
}

/** An empty end means the last key. */
export function rangeEnd(to: Uint8Array): Uint8Array | undefined {
  return to.length === 0 ? undefined : to;
}
