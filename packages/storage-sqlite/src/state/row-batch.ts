import { crc32 } from "node:zlib";
import { damaged } from "../storage-fault.ts";

/**
 * Rows on their way between threads, in one buffer: for each the length of the key and of the stored value (4 bytes
 * each, little-endian), the key, the stored value. A stored value is a CRC-32 over key and value, then the value: that
 * is also how it lies in the database. A removed key has a stored value of length 0.
 */
export interface RowBatch {
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Row {
  readonly key: Uint8Array;
  /** Undefined: the key is removed. */
  readonly value: Uint8Array | undefined;
}

export const crcBytes = 4;
const lengthsBytes = 8;

/** Copies rows into one buffer, with room for the checksums. */
export function packRows(rows: readonly Row[]): RowBatch {
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + packedBytes(row), 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { key, value } of rows) {
    view.setUint32(offset, key.byteLength, true);
    view.setUint32(offset + 4, value === undefined ? 0 : crcBytes + value.byteLength, true);
    bytes.set(key, offset + lengthsBytes);
    offset += lengthsBytes + key.byteLength;
    if (value === undefined) continue;
    bytes.set(value, offset + crcBytes);
    offset += crcBytes + value.byteLength;
  }
  return { count: rows.length, bytes };
}

/** The keys and stored values of a batch, sharing its bytes. `stored` is empty for a key that is removed. */
export function* packedRows(batch: RowBatch): Generator<{ readonly key: Uint8Array; readonly stored: Uint8Array }> {
  const { bytes } = batch;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  for (let row = 0; row < batch.count; row++) {
    const keyEnd = offset + lengthsBytes + view.getUint32(offset, true);
    const storedEnd = keyEnd + view.getUint32(offset + 4, true);
    yield { key: bytes.subarray(offset + lengthsBytes, keyEnd), stored: bytes.subarray(keyEnd, storedEnd) };
    offset = storedEnd;
  }
}

/** Fills in the checksum of a stored value. */
export function sealStored(key: Uint8Array, stored: Uint8Array): void {
  const checksum = crc32(stored.subarray(crcBytes), crc32(key));
  new DataView(stored.buffer, stored.byteOffset, crcBytes).setUint32(0, checksum, true);
}

/** The value in what was stored for `key`. Throws `corrupt` if a bit of either differs. */
export function openStored(key: Uint8Array, stored: Uint8Array, file: string): Uint8Array {
  const value = new Uint8Array(stored.buffer, stored.byteOffset + crcBytes, Math.max(0, stored.byteLength - crcBytes));
  if (stored.byteLength >= crcBytes) {
    const expected = new DataView(stored.buffer, stored.byteOffset, crcBytes).getUint32(0, true);
    if (crc32(value, crc32(key)) === expected) return value;
  }
  throw damaged(file, `the checksum of the value under the key ${readable(key)} is wrong`);
}

export function packedBytes({ key, value }: Row): number {
  return lengthsBytes + key.byteLength + (value === undefined ? 0 : crcBytes + value.byteLength);
}

function readable(key: Uint8Array): string {
  return `0x${Buffer.from(key.subarray(0, 64)).toString("hex")}${key.byteLength > 64 ? "…" : ""}`;
}
