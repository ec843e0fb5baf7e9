import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** Flags, and the length of what follows. */
export const envelopeHeaderBytes = 5;

/** A message as gRPC frames it: a byte of flags, four of length, and its binary form. Never compressed. */
export function encodeEnvelope<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Uint8Array {
  const body = toBinary(schema, message);
  const envelope = Buffer.allocUnsafe(envelopeHeaderBytes + body.byteLength);
  envelope.writeUInt8(0, 0);
  envelope.writeUInt32BE(body.byteLength, 1);
  envelope.set(body, envelopeHeaderBytes);
  return envelope;
}

/** Messages in their binary form, each in one or more pieces, as `encodeEnvelope` frames them, one after the other. */
export function joinEnvelopes(messages: readonly EncodedMessage[]): Uint8Array {
  const lengths = messages.map((pieces) => pieces.reduce((length, piece) => length + piece.length, 0));
  const total = lengths.reduce((sum, length) => sum + envelopeHeaderBytes + length, 0);
  const joined = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [i, pieces] of messages.entries()) {
    at = joined.writeUInt8(0, at);
    at = joined.writeUInt32BE(lengths[i] ?? 0, at);
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
  }
  return joined;
}

/** The pieces of the binary form of one message. */
export type EncodedMessage = readonly Uint8Array[];
