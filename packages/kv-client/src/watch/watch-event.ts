import type { WatchEvent as WireWatchEvent } from "@raftkv/proto/kv";
import { toText } from "../bytes.ts";
import { KeyValue } from "../key-value.ts";
import { safeInteger } from "../safe-integer.ts";

/** One change of one key. Watches of one client that are told the same share it: do not write into its bytes. */
abstract class KeyEvent {
  /** The key as it is stored. */
  readonly keyBytes: Uint8Array;
  /** The store's revision that made the change. */
  readonly revision: number;
  /** What the key was before: only with `previous`, where the key existed and that is not compacted. */
  readonly previous: KeyValue | undefined;

  constructor(keyBytes: Uint8Array, revision: number, previous: KeyValue | undefined) {
    this.keyBytes = keyBytes;
    this.revision = revision;
    this.previous = previous;
  }

  /** The key as text. Throws INVALID_TEXT where it is not UTF-8. */
  get key(): string {
    return toText(this.keyBytes, "key");
  }
}

/** A key was written. */
export class PutEvent extends KeyEvent {
  readonly kind = "put";
  /** The key as the write left it. */
  readonly entry: KeyValue;

  constructor(entry: KeyValue, previous: KeyValue | undefined) {
    super(entry.keyBytes, entry.modRevision, previous);
    this.entry = entry;
  }
}

/** A key was deleted. */
export class DeleteEvent extends KeyEvent {
  readonly kind = "delete";
  readonly entry = undefined;
}

export type WatchEvent = PutEvent | DeleteEvent;

/** What changed at one revision: a transaction's changes stand together. */
export interface WatchBatch {
  /** Everything up to this revision that the watch is for has been told, with this batch. */
  readonly revision: number;
  /** In the order in which they were made. Empty for a mark of progress. */
  readonly events: readonly WatchEvent[];
}

/** What an event counts besides key, value and previous value: a part of the contract (`CreateWatch.credit_bytes`). */
const eventBytes = 64;

/** What an event counts of the credit that the client gave. */
export function creditOf({ entry, previous }: WireWatchEvent): number {
  return eventBytes + (entry?.key.length ?? 0) + (entry?.value.length ?? 0) + (previous?.value.length ?? 0);
}

export function revisionOf({ entry }: WireWatchEvent): number {
  return safeInteger(entry?.modRevision ?? 0n, "revision");
}

export function toEvent({ entry, deleted, previous }: WireWatchEvent): WatchEvent | undefined {
  if (entry === undefined) return undefined;
  const before = previous === undefined ? undefined : new KeyValue(previous);
  if (!deleted) return new PutEvent(new KeyValue(entry), before);
  return new DeleteEvent(entry.key, safeInteger(entry.modRevision, "revision"), before);
}
