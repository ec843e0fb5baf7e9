import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnvelopeReader } from "./envelope-reader.ts";

function framed(body: Uint8Array, flags = 0): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(flags, 0);
  header.writeUInt32BE(body.byteLength, 1);
  return Buffer.concat([header, body]);
}

function readAll(reader: EnvelopeReader, chunks: readonly Buffer[]): readonly (readonly number[])[] {
  const messages: (readonly number[])[] = [];
  for (const chunk of chunks) reader.read(chunk, (message) => messages.push([...message]));
  return messages;
}

function cut(bytes: Buffer, points: readonly number[]): readonly Buffer[] {
  const ends = [...points.map((point) => point % (bytes.byteLength + 1)), bytes.byteLength].sort((a, b) => a - b);
  return ends.map((end, position) => bytes.subarray(position === 0 ? 0 : ends[position - 1], end));
}

describe("messages in what a stream delivers", () => {
  it("are found whole and in order, however it is cut", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(), { maxLength: 12 }), (messages, points) => {
        const reader = new EnvelopeReader(40);
        const bytes = Buffer.concat(messages.map((message) => framed(message)));
        expect(readAll(reader, cut(bytes, points))).toEqual(messages.map((message) => [...message]));
        expect(reader.isEmpty).toBe(true);
      }),
    );
  });

  it("are given out as soon as they are whole, and a beginning is known as one", () => {
    const reader = new EnvelopeReader(10);
    const bytes = Buffer.concat([framed(Buffer.from([1, 2])), framed(Buffer.from([3]))]);
    expect(readAll(reader, [bytes.subarray(0, 9)])).toEqual([[1, 2]]);
    expect(reader.isEmpty).toBe(false);
    expect(readAll(reader, [bytes.subarray(9)])).toEqual([[3]]);
    expect(reader.isEmpty).toBe(true);
  });

  it("are plain bytes, and copies where they are the smaller part of what came with them", () => {
    const taken: Uint8Array[] = [];
    const bytes = Buffer.concat([framed(new Uint8Array(10)), framed(new Uint8Array(100))]);
    new EnvelopeReader(1000).read(bytes, (message) => taken.push(message));
    expect(taken.map((message) => message.constructor)).toEqual([Uint8Array, Uint8Array]);
    expect(taken.map((message) => message.buffer === bytes.buffer)).toEqual([false, true]);
  });

  it("are put together as they come: a thousand pieces take no more memory than one", () => {
    const reader = new EnvelopeReader(3000);
    const bytes = framed(Uint8Array.from({ length: 3000 }, (_, position) => position % 251));
    const messages = [...readAll(reader, [bytes.subarray(0, 6)])];
    const piece = Buffer.alloc(1);
    for (const byte of bytes.subarray(6)) {
      // Whoever holds the pieces themselves holds the same one many times over.
      piece.writeUInt8(byte);
      messages.push(...readAll(reader, [piece]));
    }
    expect(messages).toEqual([[...bytes.subarray(5)]]);
  });

  it("are refused by their length alone when that is too large: nothing of them is held", () => {
    const reader = new EnvelopeReader(10);
    expect(readAll(reader, [framed(new Uint8Array(10))])).toHaveLength(1);
    const header = framed(new Uint8Array(11)).subarray(0, 5);
    expect(() => readAll(reader, [header])).toThrow(ConnectError);
    expect(() => readAll(new EnvelopeReader(10), [header])).toThrow(/11 bytes, at most 10/);
  });

  it("are refused when they are compressed, which nobody agreed on", () => {
    const compressed = framed(new Uint8Array(1), 1);
    expect(() => readAll(new EnvelopeReader(10), [compressed])).toThrow(
      expect.objectContaining({ code: Code.Internal }),
    );
  });
});
