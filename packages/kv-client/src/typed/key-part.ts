import { toBytes, toText } from "../bytes.ts";
import { count } from "../count.ts";

/** How one element of a `tupleKey` is stored. */
export interface KeyPart<Value> {
  /** Bytes that sort as the values do, and of which none are the beginning of another's. Throws for what it cannot store. */
  encode(value: Value): Uint8Array;
  /** The value whose bytes begin at `at`, and where they end. Throws where none do. */
  decode(bytes: Uint8Array, at: number): { readonly value: Value; readonly end: number };
}

/** Ends a text: it sorts before all that it could go on with. */
const end = 0x00;
/** Before what stands for 0x00 (0x01 after it) and for itself (0x02 after it). */
const mark = 0x01;

/** Text, in the order of its UTF-8 bytes: up to a byte 0x00, of which there are none in it. */
export const textPart: KeyPart<string> = {
  encode(value) {
    const bytes: number[] = [];
    for (const byte of toBytes(value, "text of a key")) {
      if (byte <= mark) bytes.push(mark, byte + 1);
      else bytes.push(byte);
    }
    return Uint8Array.from([...bytes, end]);
  },
  decode(bytes, at) {
    const value: number[] = [];
    for (let position = at; position < bytes.length; position++) {
      const byte = bytes[position] ?? end;
      if (byte === end) return { value: toText(Uint8Array.from(value), "text of a key"), end: position + 1 };
      value.push(byte === mark ? unescaped(bytes[++position]) : byte);
    }
    throw new Error("a text does not end");
  },
};

function unescaped(byte: number | undefined): number {
  if (byte !== 0x01 && byte !== 0x02) throw new Error("a text has a byte that is escaped otherwise than it would be");
  return byte - 1;
}

/** Added to integers, so that the negative ones come first. */
const bias = 2n ** 63n;
const integerBytes = 8;

/** Safe integers, in the order of numbers: eight bytes each. */
export const integerPart: KeyPart<number> = {
  encode(value) {
    const whole = count("an integer of the key", value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const bytes = new Uint8Array(integerBytes);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(whole) + bias);
    return bytes;
  },
  decode(bytes, at) {
    if (bytes.length < at + integerBytes) throw new Error("an integer has fewer than 8 bytes");
    const value = Number(new DataView(bytes.buffer, bytes.byteOffset + at).getBigUint64(0) - bias);
    if (!Number.isSafeInteger(value)) throw new Error("an integer is beyond what a number can hold");
    return { value, end: at + integerBytes };
  },
};
