/**
 * A key as a string of one character a byte: what maps are keyed by. Such strings compare with `<` exactly as the
 * bytes do, and take one byte a character in memory.
 */
export type KeyId = string;

export function keyId(key: Uint8Array): KeyId {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

export function keyBytes(id: KeyId): Uint8Array {
  return Buffer.from(id, "latin1");
}
