import type {
  DeleteOperation as WireDelete,
  DeleteRangeOperation as WireDeleteRange,
  PutOperation as WirePut,
} from "@raftkv/proto/kv";
import type {
  DeleteOperation,
  DeleteRangeOperation,
  InvalidOperation,
  PutLease,
  PutOperation,
} from "../state/command.ts";
import { keyId } from "../state/key-id.ts";

/** What cannot be carried out, whatever the state. */
export type Undoable = InvalidOperation | { readonly kind: "unknown" };

export function decodePut(wire: WirePut): PutOperation | Undoable {
  const { key, value, withPrevious, keepValue } = wire;
  const id = keyId(key);
  if (keepValue && value.length > 0) {
    const earlier = { kind: "put", id, key, value, options: undefined } as const;
    return { kind: "invalid", reason: "keep_value and a value exclude each other", earlier };
  }
  const lease = decodePutLease(wire);
  const options = withPrevious || keepValue || lease !== undefined ? { withPrevious, keepValue, lease } : undefined;
  return { kind: "put", id, key, value, options };
}

function decodePutLease({ leaseId, ttlMs, keepLease: keep }: WirePut): PutLease | undefined {
  if (leaseId === 0n && ttlMs === 0n && !keep) return undefined;
  return { leaseId: Number(leaseId), ttlMs: Number(ttlMs), keep };
}

export function decodeDelete({ key, withPrevious }: WireDelete): DeleteOperation {
  return { kind: "delete", id: keyId(key), key, withPrevious };
}

export function decodeDeleteRange({ from, to, withPrevious, all }: WireDeleteRange): DeleteRangeOperation {
  return { kind: "deleteRange", from, to: rangeEnd(to), withPrevious, all };
}

/** An empty end means the last key. */
export function rangeEnd(to: Uint8Array): Uint8Array | undefined {
  return to.length === 0 ? undefined : to;
}
