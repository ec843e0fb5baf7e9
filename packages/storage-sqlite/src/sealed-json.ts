import { crc32 } from "node:zlib";

const crcBytes = 4;

/** A value as JSON behind its CRC-32. */
export function seal(value: object): Buffer {
  return sealText(JSON.stringify(value));
}

/** The same in exactly `bytes` bytes: JSON does not mind spaces behind it. */
export function sealPadded(value: object, bytes: number): Buffer {
  const sealed = sealText(JSON.stringify(value).padEnd(bytes - crcBytes));
  if (sealed.byteLength === bytes) return sealed;
  throw new RangeError(`a record of ${sealed.byteLength} bytes does not fit into ${bytes}`);
}

/** What was sealed, or undefined if a single bit of it differs. */
export function unseal(bytes: Uint8Array): unknown {
  if (bytes.byteLength <= crcBytes) return undefined;
  const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = sealed.subarray(crcBytes);
  return crc32(text) === sealed.readUInt32LE(0) ? JSON.parse(text.toString("utf8")) : undefined;
}

function sealText(text: string): Buffer {
  const sealed = Buffer.allocUnsafe(crcBytes + Buffer.byteLength(text));
  sealed.write(text, crcBytes, "utf8");
  sealed.writeUInt32LE(crc32(sealed.subarray(crcBytes)), 0);
  return sealed;
}
