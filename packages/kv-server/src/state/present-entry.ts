import { type KeyId, keyBytes } from "./key-id.ts";
import type { KeyEntry, KeyRecord } from "./key-record.ts";
import type { Present } from "./present.ts";

const NO_VALUE: Uint8Array = new Uint8Array(0);

/** A key as it is now, as answers tell it: with bytes of its own, since an answer may be kept for longer than an entry. */
export function presentEntry(present: Present, id: KeyId, record: KeyRecord, keysOnly = false): KeyEntry {
  const { createRevision, modRevision, version, leaseId } = record;
  const value = keysOnly ? NO_VALUE : Uint8Array.prototype.slice.call(present.value(id));
  return { key: keyBytes(id), value, createRevision, modRevision, version, leaseId };
}
