import { fromBinary } from "@bufbuild/protobuf";
import { EntryEnvelopeSchema } from "@raftkv/proto/kv";
import type { EntryContent } from "../state/command.ts";
import { ByteWriter, varintLength } from "./byte-writer.ts";
import { decodeCommand } from "./command-codec.ts";
import { FieldReader } from "./field-reader.ts";

const MALFORMED: EntryContent = { kind: "malformed" };

/** Tags of `EntryEnvelope`. */
const CLUSTER_TIME_MS = 0x08;
const COMMAND_BATCH = 0x12;

/** What protobuf says of an `EntryEnvelope`. */
interface Envelope {
  readonly clusterTimeMs: number;
  readonly commandBatch: Uint8Array;
}

/** The payload of a command entry: an encoded `CommandBatch`, stamped with cluster time. Copies the bytes. */
export function encodeEnvelope(clusterTimeMs: number, commandBatch: Uint8Array): Uint8Array {
  const { length } = commandBatch;
  const writer = new ByteWriter(2 + varintLength(clusterTimeMs) + varintLength(length) + length);
  // What is 0 or empty is left out.
  if (clusterTimeMs > 0) writer.byte(CLUSTER_TIME_MS).varint(clusterTimeMs);
  if (length > 0) writer.byte(COMMAND_BATCH).prefixed(commandBatch);
  return writer.finish();
}

/** Never throws: what cannot be decoded is malformed, on every node alike. */
export function decodeEnvelope(payload: Uint8Array): EntryContent {
  const envelope = plainEnvelope(payload) ?? anyEnvelope(payload);
  if (envelope === undefined || !Number.isSafeInteger(envelope.clusterTimeMs)) return MALFORMED;
  const { clusterTimeMs } = envelope;
  const command = decodeCommand(envelope.commandBatch);
  return command === undefined ? MALFORMED : { kind: "command", clusterTimeMs, command };
}

/** As `encodeEnvelope` writes it. Undefined: it is anything else, and protobuf has to say what. */
function plainEnvelope(payload: Uint8Array): Envelope | undefined {
  try {
    const fields = new FieldReader(payload);
    const clusterTimeMs = fields.number(CLUSTER_TIME_MS);
    const commandBatch = fields.bytes(COMMAND_BATCH);
    return commandBatch !== undefined && fields.isAtEnd ? { clusterTimeMs, commandBatch } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function anyEnvelope(payload: Uint8Array): Envelope | undefined {
  try {
    const { clusterTimeMs, commandBatch } = fromBinary(EntryEnvelopeSchema, payload, { readUnknownFields: false });
    return { clusterTimeMs: Number(clusterTimeMs), commandBatch };
  } catch {
    return undefined;
  }
}
