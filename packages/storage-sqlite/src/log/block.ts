import type { Entry, Index, Term, TermRun } from "@raftkv/raft-core";
import { decodeRecord, encodeRecordPayload, recordHeaderBytes, skipRecord, writeRecord } from "./entry-record.ts";

/** Consecutive entries of the log, as they are stored: one row, one checksum, one message between threads. */
export interface Block {
  readonly first: Index;
  readonly last: Index;
  /** Ascending; the first one starts at `first`. */
  readonly runs: readonly TermRun[];
  /** Which of the entries are memberships. Ascending. */
  readonly memberships: readonly Index[];
  /** The entries' records, one after the other. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Few and large rows cost less than many small ones; larger ones would make reading a single entry dear. */
export const blockTargetBytes = 256 * 1024;

/** Packs entries, which must follow each other, into blocks of about `blockTargetBytes`. Copies the payloads. */
export function encodeBlocks(entries: readonly Entry[]): readonly Block[] {
  const blocks: Block[] = [];
  let group: Packed[] = [];
  let bytes = 0;
  for (const [position, entry] of entries.entries()) {
    requireSuccessor(entries[position - 1], entry);
    const payload = encodeRecordPayload(entry);
    const size = recordHeaderBytes + payload.byteLength;
    if (group.length > 0 && bytes + size > blockTargetBytes) {
      blocks.push(pack(group, bytes));
      group = [];
      bytes = 0;
    }
    group.push({ entry, payload });
    bytes += size;
  }
  if (group.length > 0) blocks.push(pack(group, bytes));
  return blocks;
}

export function decodeBlock(block: Block, file: string): readonly Entry[] {
  const entries: Entry[] = [];
  let offset = 0;
  for (const [run, { from, term }] of block.runs.entries()) {
    const end = block.runs[run + 1]?.from ?? block.last + 1;
    for (let index = from; index < end; index++) {
      const record = decodeRecord(block.body, offset, { index, term }, file);
      entries.push(record.entry);
      offset = record.end;
    }
  }
  return entries;
}

/** The entries `from` to `to`, which must lie in the block. Shares the block's bytes. */
export function sliceBlock(block: Block, from: Index, to: Index): Block {
  if (from === block.first && to === block.last) return block;
  const start = offsetOf(block, block.first, 0, from);
  const end = offsetOf(block, from, start, to + 1);
  return {
    first: from,
    last: to,
    runs: block.runs
      .filter((run, position) => run.from <= to && (block.runs[position + 1]?.from ?? block.last + 1) > from)
      .map((run) => (run.from < from ? { from, term: run.term } : run)),
    memberships: block.memberships.filter((index) => index >= from && index <= to),
    body: block.body.subarray(start, end),
  };
}

/** As many entries from `from` on, up to `to`, as fit into `maxBytes`; undefined if not a single one does. */
export function takeWithin(block: Block, from: Index, to: Index, maxBytes: number): Block | undefined {
  const start = offsetOf(block, block.first, 0, from);
  let next = from;
  let offset = start;
  while (next <= to) {
    const end = skipRecord(block.body, offset);
    if (end - start > maxBytes) break;
    offset = end;
    next++;
  }
  return next === from ? undefined : sliceBlock(block, from, next - 1);
}

/** One block of several that follow each other. */
export function joinBlocks(blocks: readonly [Block, ...Block[]]): Block {
  const [first] = blocks;
  const last = blocks.at(-1) ?? first;
  if (blocks.length === 1) return first;
  const body = new Uint8Array(blocks.reduce((sum, block) => sum + block.body.byteLength, 0));
  let offset = 0;
  for (const block of blocks) {
    body.set(block.body, offset);
    offset += block.body.byteLength;
  }
  return {
    first: first.first,
    last: last.last,
    runs: joinRuns(blocks.flatMap((block) => block.runs)),
    memberships: blocks.flatMap((block) => block.memberships),
    body,
  };
}

/** Runs of terms where one may go on into the next. */
export function joinRuns(runs: readonly TermRun[]): readonly TermRun[] {
  return runs.filter((run, position) => run.term !== runs[position - 1]?.term);
}

export function termAt(block: Block, index: Index): Term {
  const run = block.runs.findLast(({ from }) => from <= index);
  if (run === undefined || index > block.last) throw new RangeError(`entry ${index} is not in the block`);
  return run.term;
}

interface Packed {
  readonly entry: Entry;
  readonly payload: Uint8Array;
}

function pack(group: readonly Packed[], bytes: number): Block {
  const body = new Uint8Array(bytes);
  let offset = 0;
  for (const { entry, payload } of group) offset = writeRecord(body, offset, entry.kind, payload);
  const entries = group.map(({ entry }) => entry);
  return {
    first: entries[0]?.index ?? 0,
    last: entries.at(-1)?.index ?? 0,
    runs: joinRuns(entries.map(({ index, term }) => ({ from: index, term }))),
    memberships: entries.filter(({ kind }) => kind === "membership").map(({ index }) => index),
    body,
  };
}

function offsetOf(block: Block, knownIndex: Index, knownOffset: number, index: Index): number {
  let offset = knownOffset;
  for (let at = knownIndex; at < index; at++) offset = skipRecord(block.body, offset);
  return offset;
}

function requireSuccessor(previous: Entry | undefined, entry: Entry): void {
  if (previous === undefined) return;
  if (entry.index === previous.index + 1 && entry.term >= previous.term) return;
  throw new RangeError(
    `entry ${entry.index} of term ${entry.term} cannot follow entry ${previous.index} of term ${previous.term}`,
  );
}
