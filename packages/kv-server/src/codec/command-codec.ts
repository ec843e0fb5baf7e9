import { fromBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type Operation as WireOperation } from "@raftkv/proto/kv";
import type { Command, Operation } from "../state/command.ts";
import { keyId } from "../state/key-id.ts";

/** Decodes a `CommandBatch`; undefined if it is none. Keys and values are views of `bytes`. */
export function decodeCommand(bytes: Uint8Array): Command | undefined {
  const batch = parse(bytes);
  if (batch === undefined) return undefined;
  const sessionId = Number(batch.sessionId);
  const firstSequence = Number(batch.firstSequence);
  const acknowledgedThrough = Number(batch.acknowledgedThrough);
  const largest = Math.max(sessionId, firstSequence + batch.operations.length, acknowledgedThrough);
  if (!Number.isSafeInteger(largest)) return undefined;
  return { sessionId, firstSequence, acknowledgedThrough, operations: batch.operations.map(decodeOperation) };
}

function parse(bytes: Uint8Array) {
  try {
    return fromBinary(CommandBatchSchema, bytes, { readUnknownFields: false });
  } catch {
    return undefined;
  }
}

function decodeOperation({ operation }: WireOperation): Operation {
  switch (operation.case) {
    case "put": {
      const { key, value } = operation.value;
      return { kind: "put", id: keyId(key), key, value };
    }
    case "delete": {
      const { key } = operation.value;
      return { kind: "delete", id: keyId(key), key };
    }
    case "openSession":
      return { kind: "openSession", ttlMs: Number(operation.value.ttlMs) };
    case "closeSession":
      return { kind: "closeSession" };
    case "skip":
      return { kind: "skip" };
    case "compact":
      return { kind: "compact", revision: Number(operation.value.revision) };
    case "raiseApplyVersion":
      return { kind: "raiseApplyVersion", applyVersion: operation.value.applyVersion };
    default:
      return { kind: "unknown" };
  }
}
