import type { KeyValue } from "@raftkv/proto/kv";
import type { KeyEntry } from "../state/key-record.ts";
import { textOf } from "./text-form.ts";

const NO_LEASE = 0n;

/** A key with its value. With `asText` also as text, where it is that. */
export function keyValue(entry: KeyEntry, asText: boolean): KeyValue {
  return {
    $typeName: "raftkv.kv.v1.KeyValue",
    key: entry.key,
    value: entry.value,
    createRevision: BigInt(entry.createRevision),
    modRevision: BigInt(entry.modRevision),
    version: BigInt(entry.version),
    keyText: asText ? (textOf(entry.key) ?? "") : "",
    valueText: asText ? (textOf(entry.value) ?? "") : "",
    leaseId: entry.leaseId === 0 ? NO_LEASE : BigInt(entry.leaseId),
  };
}
