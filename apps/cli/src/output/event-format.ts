import type { WatchEvent } from "@raftkv/kv-client";
import { type Entry, entryFields, textField } from "./entry-format.ts";

/** What of an event is shown. */
export interface ShownEvent extends Pick<WatchEvent, "kind" | "keyBytes" | "revision"> {
  readonly entry: Entry | undefined;
  readonly previous: Entry | undefined;
}

/** One line: the revision, `put` or `delete`, the key, and the value of a put, with tabs between. The bytes as they are. */
export function eventLine({ kind, revision, keyBytes, entry }: ShownEvent): Uint8Array {
  const value = entry === undefined ? [] : [tab, entry.value];
  return Buffer.concat([Buffer.from(`${revision}\t${kind}\t`), keyBytes, ...value, newline]);
}

/** One object and a newline: the entry of a put, the key of a deletion; with `previous` what it was before. */
export function eventJson({ kind, revision, keyBytes, entry, previous }: ShownEvent): string {
  const what = entry === undefined ? textField("key", keyBytes) : entryFields(entry, { keysOnly: false });
  const before = previous === undefined ? {} : { previous: entryFields(previous, { keysOnly: false }) };
  return `${JSON.stringify({ kind, revision, ...what, ...before })}\n`;
}

const newline = Buffer.from("\n");
const tab = Buffer.from("\t");
