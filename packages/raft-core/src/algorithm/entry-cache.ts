import type { Entry, Index } from "./entry.ts";
import { invariant } from "./invariant.ts";

/** What an entry costs besides its payload, on the wire and in memory; a round figure for bounds. */
const entryOverheadBytes = 24;
const memberBytes = 64;

/** The size by which all bounds count an entry, in bytes. */
export function entrySize(entry: Entry): number {
  if (entry.kind === "command") return entryOverheadBytes + entry.payload.byteLength;
  if (entry.kind === "membership") return entryOverheadBytes + memberBytes * entry.membership.members.length;
  return entryOverheadBytes;
}

/** The tail of the log that is in memory. Bounded in bytes, but what is not durable yet is always in it. */
export class EntryCache {
  /** The slots before `#head` are evicted and wait for the array to be cut. */
  #slots: (Entry | undefined)[] = [];
  #head = 0;
  #first: Index;
  #bytes = 0;

  constructor(first: Index) {
    this.#first = first;
  }

  /** The first index in memory; the log's end + 1 if nothing is. */
  get first(): Index {
    return this.#first;
  }

  append(entry: Entry): void {
    invariant(entry.index === this.#end(), "the cached tail has no gaps");
    this.#slots.push(entry);
    this.#bytes += entrySize(entry);
  }

  /** Consecutive entries from `from`, up to `to` or until `maxBytes` are reached, but at least one. */
  slice(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    invariant(from >= this.#first && to < this.#end(), "the entries asked for are in memory");
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to; index++) {
      const entry = this.#at(index);
      bytes += entrySize(entry);
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  truncate(from: Index): void {
    while (this.#slots.length > this.#head && this.#end() > from) {
      const entry = this.#slots.pop();
      if (entry !== undefined) this.#bytes -= entrySize(entry);
    }
    if (this.#first > from) this.#first = from;
  }

  /** Lets go of the oldest while there are more than `maxBytes`, but of nothing after `through`. */
  evict(maxBytes: number, through: Index): void {
    while (this.#bytes > maxBytes && this.#first <= through) this.#dropFirst();
    this.#cut();
  }

  /** Lets go of everything up to `through`, which is in the log. */
  dropThrough(through: Index): void {
    invariant(through < this.#end(), "only what is in the log is dropped from memory");
    while (this.#first <= through) this.#dropFirst();
    this.#cut();
  }

  /** Starts again, empty. */
  reset(first: Index): void {
    this.#slots = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#first = first;
  }

  #end(): Index {
    return this.#first + this.#slots.length - this.#head;
  }

  #at(index: Index): Entry {
    const entry = this.#slots[this.#head + index - this.#first];
    invariant(entry?.index === index, "the cached tail has no gaps");
    return entry;
  }

  #dropFirst(): void {
    const entry = this.#slots[this.#head];
    if (entry !== undefined) this.#bytes -= entrySize(entry);
    this.#slots[this.#head++] = undefined;
    this.#first++;
  }

  /** Moves the array's content to its front once half of it is empty: constant work an entry. */
  #cut(): void {
    if (this.#head < 64 || this.#head * 2 < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#head);
    this.#head = 0;
  }
}
