import type { KeyValue } from "@raftkv/kv-client";
import { entryFields, entryLine } from "./entry-format.ts";

type Previous = KeyValue | readonly KeyValue[] | undefined;

const ALL = { keysOnly: false } as const;

/** What keys were before, a line each; nothing where that was not asked for. */
export function previousLines(previous: Previous): Uint8Array {
  return Buffer.concat(entriesOf(previous).map((entry) => entryLine(entry, ALL)));
}

/** The same as a field of an object: one entry, or a list of them. */
export function previousFields(previous: Previous): { readonly previous?: unknown } {
  if (previous === undefined) return {};
  return { previous: isList(previous) ? previous.map((entry) => entryFields(entry, ALL)) : entryFields(previous, ALL) };
}

function entriesOf(previous: Previous): readonly KeyValue[] {
  if (previous === undefined) return [];
  return isList(previous) ? previous : [previous];
}

function isList(previous: KeyValue | readonly KeyValue[]): previous is readonly KeyValue[] {
  return Array.isArray(previous);
}
