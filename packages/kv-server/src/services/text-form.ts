import { isUtf8 } from "node:buffer";
import { ErrorCode, type GetRequest, type PutRequest } from "@raftkv/proto/kv";
import { type Failure, KvFailure } from "./kv-failure.ts";

/** A key or value as the request gave it, and whether as text. */
export interface Given {
  readonly bytes: Uint8Array;
  readonly asText: boolean;
}

const EMPTY: Given = { bytes: new Uint8Array(0), asText: false };
const encoder = new TextEncoder();

/** A missing key is an empty one. Throws a `KvFailure` for text that is no Unicode. */
export function givenKey(form: GetRequest["keyForm"]): Given {
  switch (form.case) {
    case "key":
      return { bytes: form.value, asText: false };
    case "keyText":
      return { bytes: textBytes("key_text", form.value), asText: true };
    case undefined:
      return EMPTY;
  }
}

/** A value may be empty, but not missing: that is more often a field name misspelt. */
export function givenValue(form: PutRequest["valueForm"]): Uint8Array {
  switch (form.case) {
    case "value":
      return form.value;
    case "valueText":
      return textBytes("value_text", form.value);
    case undefined:
      throw new KvFailure(invalid("the request has neither value nor value_text: set one, empty for an empty value"));
  }
}

/** The UTF-8 of `text`. JSON can name lone surrogates, which have no UTF-8 and would silently become U+FFFD. */
export function textBytes(field: string, text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  throw new KvFailure(invalid(`${field} is not valid Unicode: send the bytes instead`));
}

/** Undefined where the bytes are no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8") : undefined;
}

/** The first key after all those that begin with `prefix`; undefined: there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return undefined;
  // A `Buffer`'s slice would be a view.
  const end = Uint8Array.prototype.slice.call(prefix, 0, last + 1);
  end[last] = (end[last] ?? 0) + 1;
  return end;
}

export function invalid(message: string): Failure {
  return { code: ErrorCode.INVALID_REQUEST, message };
}
