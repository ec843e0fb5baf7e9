import { fromBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type Fence as WireFence, type Operation as WireOperation } from "@raftkv/proto/kv";
import type { Command, Operation } from "../state/command.ts";
import { keyId } from "../state/key-id.ts";
import { decodePlainCommand } from "./plain-command.ts";
import { decodeTransaction } from "./transaction-codec.ts";
import { decodeDelete, decodeDeleteRange, decodePut } from "./write-codec.ts";

/** Decodes a `CommandBatch`; undefined if it is none. Keys and values are views of `bytes`. */
export function decodeCommand(bytes: Uint8Array): Command | undefined {
  return decodePlainCommand(bytes) ?? decodeAnyCommand(bytes);
}

/** The same, by protobuf, whatever stands in it and in which form. */
export function decodeAnyCommand(bytes: Uint8Array): Command | undefined {
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

function decodeOperation(wire: WireOperation): Operation {
  const operation = decodeUnfenced(wire);
  return wire.fence === undefined ? operation : fenced(wire.fence, operation);
}

function fenced({ key, token }: WireFence, operation: Operation): Operation {
  switch (operation.kind) {
    case "put":
    case "delete":
    case "deleteRange":
    case "transaction":
      return { kind: "fenced", fence: { id: keyId(key), key, token: Number(token) }, operation };
    case "invalid":
    case "unknown":
      return operation;
    default:
      return {
        kind: "invalid",
        reason: "a fence goes with what writes keys, and with nothing else",
        earlier: operation,
      };
  }
}

function decodeUnfenced({ operation }: WireOperation): Operation {
  switch (operation.case) {
    case "put":
      return decodePut(operation.value);
    case "delete":
      return decodeDelete(operation.value);
    case "deleteRange":
      return decodeDeleteRange(operation.value);
    case "transaction":
      return decodeTransaction(operation.value);
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
    case "grantLease": {
      const { leaseId, ttlMs } = operation.value;
      return { kind: "grantLease", leaseId: Number(leaseId), ttlMs: Number(ttlMs) };
    }
    case "keepLeaseAlive":
    case "revokeLease":
      return { kind: operation.case, leaseId: Number(operation.value.leaseId) };
    case "expireLeases":
      return { kind: "expireLeases" };
    case "checkState":
      return { kind: "checkState" };
    default:
      return { kind: "unknown" };
  }
}
