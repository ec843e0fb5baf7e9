import { expect, it } from "vitest";
import { joinEnvelopes } from "./envelope.ts";
import { EnvelopeReader } from "./envelope-reader.ts";

it("frames messages that come in pieces as one that was encoded whole, an empty one too", () => {
  const messages = [[Uint8Array.of(1, 2), Uint8Array.of(3)], [], [new Uint8Array(70_000).fill(9)]];
  const read: Uint8Array[] = [];
  const chunk = Buffer.from(joinEnvelopes(messages));
  const reader = new EnvelopeReader(100_000);
  for (const part of [chunk.subarray(0, 9), chunk.subarray(9)]) {
    reader.read(part, (bytes) => read.push(Uint8Array.from(bytes)));
  }
  expect(read).toEqual(messages.map((pieces) => Uint8Array.from(Buffer.concat(pieces))));
  expect(reader.isEmpty).toBe(true);
});
