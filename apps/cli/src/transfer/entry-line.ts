import type { KeyValue } from "@raftkv/kv-client";
import { textField } from "../output/entry-format.ts";

/** A key and its value, as a line of an export has them. */
export interface ExportedEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** How long it lives; undefined: for ever. */
  readonly ttlMs?: number;
}

/**
 * `{"key":…,"value":…}` and a newline. Key and value are text where their bytes are UTF-8; else they stand in base64 under the
 * names `keyBase64` and `valueBase64`. `ttlMs` is how long the key lives, where it does not for ever.
 */
export function entryToLine({ keyBytes, value }: Pick<KeyValue, "keyBytes" | "value">, ttlMs?: number): string {
  const time = ttlMs === undefined ? {} : { ttlMs };
  return `${JSON.stringify({ ...textField("key", keyBytes), ...textField("value", value), ...time })}\n`;
}

/** Throws an `Error` that says what is wrong. Other fields, such as the revisions that `range --output json` has, are left alone. */
export function entryOfLine(line: string): ExportedEntry {
  const found: unknown = parseJson(line);
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error("expected an object");
  const fields: Readonly<Record<string, unknown>> = { ...found };
  const key = bytesOf(fields, "key");
  if (key.length === 0) throw new Error("the key is empty");
  return { key, value: bytesOf(fields, "value"), ...ttlOf(fields) };
}

function ttlOf({ ttlMs }: Readonly<Record<string, unknown>>): { readonly ttlMs?: number } {
  if (ttlMs === undefined) return {};
  if (typeof ttlMs === "number" && Number.isSafeInteger(ttlMs) && ttlMs >= 0) return { ttlMs };
  throw new Error("ttlMs is no whole number of milliseconds");
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error("it is no JSON");
  }
}

function bytesOf(fields: Readonly<Record<string, unknown>>, name: string): Uint8Array {
  const text = fields[name];
  const base64 = fields[`${name}Base64`];
  if ((text === undefined) === (base64 === undefined)) throw new Error(`expected either ${name} or ${name}Base64`);
  if (text !== undefined) return bytesOfText(text, name);
  if (typeof base64 !== "string" || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new Error(`${name}Base64 is no base64`);
  }
  return Buffer.from(base64, "base64");
}

function bytesOfText(text: unknown, name: string): Uint8Array {
  if (typeof text !== "string" || !text.isWellFormed()) throw new Error(`${name} is no text`);
  return Buffer.from(text, "utf8");
}
