import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EntryEnvelopeSchema } from "@raftkv/proto/kv";
import type { EntryContent } from "../state/command.ts";
import { decodeCommand } from "./command-codec.ts";

const MALFORMED: EntryContent = { kind: "malformed" };

/** The payload of a command entry: an encoded `CommandBatch`, stamped with cluster time. Copies the bytes. */
export function encodeEnvelope(clusterTimeMs: number, commandBatch: Uint8Array): Uint8Array {
  return toBinary(
    EntryEnvelopeSchema,
    create(EntryEnvelopeSchema, { clusterTimeMs: BigInt(clusterTimeMs), commandBatch }),
  );
}

/** Never throws: what cannot be decoded is malformed, on every node alike. */
export function decodeEnvelope(payload: Uint8Array): EntryContent {
  try {
    const envelope = fromBinary(EntryEnvelopeSchema, payload, { readUnknownFields: false });
    const clusterTimeMs = Number(envelope.clusterTimeMs);
    if (!Number.isSafeInteger(clusterTimeMs)) return MALFORMED;
    const command = decodeCommand(envelope.commandBatch);
    return command === undefined ? MALFORMED : { kind: "command", clusterTimeMs, command };
  } catch {
    return MALFORMED;
  }
}
