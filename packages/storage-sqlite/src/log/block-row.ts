import { crc32 } from "node:zlib";
import { bytesColumn, integerColumn } from "../sqlite/columns.ts";
import { damaged } from "../storage-fault.ts";
import type { Block } from "./block.ts";

/**
 * How a block lies in its row: `first`, `head`, `body`. The head holds a CRC-32 over the rest of itself and the body,
 * then numbers of 8 bytes: first index, last index, length of the body, how many runs of terms, each run's first
 * index and term, how many memberships, their indexes. So a restart learns the terms without looking at the entries.
 */
export interface BlockRow {
  readonly first: number;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

const crcBytes = 4;
const numberBytes = 8;

export function toRow(block: Block): BlockRow {
  const numbers = [
    block.first,
    block.last,
    block.body.byteLength,
    block.runs.length,
    ...block.runs.flatMap(({ from, term }) => [from, term]),
    block.memberships.length,
    ...block.memberships,
  ];
  const head = Buffer.alloc(crcBytes + numbers.length * numberBytes);
  for (const [position, number] of numbers.entries()) head.writeDoubleLE(number, crcBytes + position * numberBytes);
  head.writeUInt32LE(checksum(head, block.body), 0);
  return { first: block.first, head, body: block.body };
}

/** Throws `corrupt` unless the row is, bit for bit, what was written. */
export function fromRow(row: readonly unknown[], file: string): Block {
  const first = integerColumn(row[0], file, "the first index of a log block");
  const what = `the log block at index ${first}`;
  const head = asBuffer(bytesColumn(row[1], file, `the head of ${what}`));
  const body = new Uint8Array(bytesColumn(row[2], file, `the body of ${what}`));
  if (head.byteLength < crcBytes || head.readUInt32LE(0) !== checksum(head, body)) {
    throw damaged(file, `the checksum of ${what} is wrong`);
  }
  const numbers = new HeadNumbers(head);
  const block = {
    first: numbers.next(),
    last: numbers.next(),
    bodyBytes: numbers.next(),
    runs: numbers.list(() => ({ from: numbers.next(), term: numbers.next() })),
    memberships: numbers.list(() => numbers.next()),
  };
  if (block.first !== first || block.bodyBytes !== body.byteLength) {
    throw damaged(file, `${what} holds the block at index ${block.first}`);
  }
  return { first, last: block.last, runs: block.runs, memberships: block.memberships, body };
}

function checksum(head: Buffer, body: Uint8Array): number {
  return crc32(body, crc32(head.subarray(crcBytes)));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class HeadNumbers {
  readonly #head: Buffer;
  #offset = crcBytes;

  constructor(head: Buffer) {
    this.#head = head;
  }

  next(): number {
    const number = this.#head.readDoubleLE(this.#offset);
    this.#offset += numberBytes;
    return number;
  }

  list<Item>(read: () => Item): readonly Item[] {
    return Array.from({ length: this.next() }, read);
  }
}
