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
  const packer = new RowPacker(rows);
  packer.pack(rows.length);
  return packer.batch;
}

/** Rows that are copied in one go; between two of these the event loop gets its turn. */
const SLICE_ROWS = 2_000;

/** As `packRows`, for many rows. They must hold still until it is done. */
export async function packRowsInTurns(rows: readonly Row[], nextTurn: () => Promise<unknown>): Promise<RowBatch> {
  const packer = new RowPacker(rows);
  for (let packed = SLICE_ROWS; packed < rows.length; packed += SLICE_ROWS) {
    packer.pack(packed);
    await nextTurn();
  }
  packer.pack(rows.length);
  return packer.batch;
}

class RowPacker {
  readonly batch: RowBatch;
  readonly #rows: readonly Row[];
  readonly #view: DataView;
  #packed = 0;
  #offset = 0;

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
    const bytes = new Uint8Array(rows.reduce((sum, row) => sum + packedBytes(row), 0));
    this.batch = { count: rows.length, bytes };
    this.#view = new DataView(bytes.buffer);
  }

  /** The first `through` rows. */
  pack(through: number): void {
    const { bytes } = this.batch;
    for (; this.#packed < through; this.#packed++) {
      const row = this.#rows[this.#packed];
      if (row === undefined) return;
      const { key, value } = row;
      const offset = this.#offset;
      this.#view.setUint32(offset, key.byteLength, true);
      this.#view.setUint32(offset + 4, value === undefined ? 0 : crcBytes + value.byteLength, true);
      bytes.set(key, offset + lengthsBytes);
      if (value !== undefined) bytes.set(value, offset + lengthsBytes + key.byteLength + crcBytes);
      this.#offset += packedBytes(row);
    }
  }
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
