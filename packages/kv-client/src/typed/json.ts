import { toText } from "../bytes.ts";
import type { ValueCodec } from "./value-codec.ts";

/**
 * Values stored as JSON. Nothing checks that what is read is a `Value`: that is for whoever is sure of who wrote it; others
 * have a schema.
 */
export function json<Value>(): ValueCodec<Value> {
  return { encode: toJson, decode: fromJson };
}

/** Throws for what JSON cannot hold: undefined, a function, a bigint, a circle. */
export function toJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new Error(`JSON cannot hold a value of type ${typeof value}`);
  return text;
}

export function fromJson(bytes: Uint8Array) {
  return JSON.parse(toText(bytes, "value"));
}
