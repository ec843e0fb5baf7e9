import type { KeyValue } from "@raftkv/kv-client";

/** What of a key and its value is shown. */
export type Entry = Pick<KeyValue, "keyBytes" | "value" | "createRevision" | "modRevision" | "version"> &
  Partial<Pick<KeyValue, "leaseId">>;

export interface EntryParts {
  readonly keysOnly: boolean;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One line: the key, and the value after a tab. The bytes as they are. */
export function entryLine({ keyBytes, value }: Entry, { keysOnly }: EntryParts): Uint8Array {
  return Buffer.concat(keysOnly ? [keyBytes, newline] : [keyBytes, tab, value, newline]);
}

/**
 * One object. Key and value are text where their bytes are UTF-8; else they stand in base64 under the names `keyBase64`
 * and `valueBase64`.
 */
export function entryJson(entry: Entry, parts: EntryParts): string {
  return JSON.stringify(entryFields(entry, parts));
}

/** The object that `entryJson` writes. */
export function entryFields(entry: Entry, { keysOnly }: EntryParts): Readonly<Record<string, string | number>> {
  const { createRevision, modRevision, version, leaseId } = entry;
  const value = keysOnly ? {} : textField("value", entry.value);
  const lease = leaseId === undefined ? {} : { leaseId };
  return { ...textField("key", entry.keyBytes), ...value, createRevision, modRevision, version, ...lease };
}

/** Text where the bytes are UTF-8, else base64 under a name that says so. */
export function textField(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  try {
    return { [name]: decoder.decode(bytes) };
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString("base64") };
  }
}

const newline = Buffer.from("\n");
const tab = Buffer.from("\t");
