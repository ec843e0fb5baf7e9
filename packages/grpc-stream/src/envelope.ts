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
