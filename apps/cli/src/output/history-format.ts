import type { KeyWrite } from "@raftkv/kv-client";
import { type Entry, entryJson } from "./entry-format.ts";

/** One write, with what of the entry is shown. */
export interface Write extends Pick<KeyWrite, "revision"> {
  readonly entry: Entry | undefined;
}

/** One line: the revision, and after a tab the value as it is, or that the key was deleted. */
export function writeLine({ revision, entry }: Write): Uint8Array {
  const what = entry === undefined ? Buffer.from("(deleted)") : entry.value;
  return Buffer.concat([Buffer.from(`${revision}\t`), what, Buffer.from("\n")]);
}

/** One object and a newline: the entry, or `deleted` with the revision. */
export function writeJson({ revision, entry }: Write): string {
  const json =
    entry === undefined ? JSON.stringify({ deleted: true, revision }) : entryJson(entry, { keysOnly: false });
  return `${json}\n`;
}
