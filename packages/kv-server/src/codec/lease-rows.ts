import { type Lease, type LeaseCounters, livesByItself } from "../state/leases/lease.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeRow, ROW_FORMAT } from "./rows.ts";

/** The content of rows whose key says it all. */
export const EMPTY_ROW: Uint8Array = Uint8Array.of(ROW_FORMAT);

export function encodeLeaseRow(lease: Lease): Uint8Array {
  const writer = new ByteWriter(24)
    .byte(ROW_FORMAT)
    .varint(lease.ttlMs)
    .varint(lease.deadlineMs)
    .varint(lease.keyCount)
    .byte(lease.isEnding ? 1 : 0);
  return (lease.ownKey === undefined ? writer : writer.prefixed(lease.ownKey)).finish();
}

export function decodeLeaseRow(id: number, row: Uint8Array): Lease {
  return decodeRow("a lease row", row, ROW_FORMAT, (reader) => ({
    id,
    ttlMs: reader.varint(),
    deadlineMs: reader.varint(),
    keyCount: reader.varint(),
    isEnding: reader.byte() === 1,
    // A copy: a view would keep all that was read along with it in memory.
    ownKey: livesByItself(id) ? undefined : Uint8Array.from(reader.prefixed()),
  }));
}

export function encodeLeaseCounters({ chosen, granted, own }: LeaseCounters): Uint8Array {
  return new ByteWriter(16).byte(ROW_FORMAT).varint(chosen).varint(granted).varint(own).finish();
}

export function decodeLeaseCounters(row: Uint8Array): LeaseCounters {
  return decodeRow("the row of lease counters", row, ROW_FORMAT, (reader) => ({
    chosen: reader.varint(),
    granted: reader.varint(),
    own: reader.varint(),
  }));
}

/** Throws a `KvError` where it is not what `EMPTY_ROW` is. */
export function checkEmptyRow(row: Uint8Array): void {
  decodeRow("a row of a lease", row, ROW_FORMAT, () => undefined);
}
