import type { Entry, EntryId } from "@raftkv/raft-core";
import { damaged } from "../storage-fault.ts";
import { decodeMembership, encodeMembership } from "./membership-record.ts";

/**
 * One entry in a block: its kind (1 byte), the length of what follows (4 bytes, little-endian), then a command's
 * payload or a membership as JSON. Index and term stand with the block.
 */
export const recordHeaderBytes = 5;

const kindCodes = { noop: 0, command: 1, membership: 2 } as const;
const nothing = new Uint8Array(0);

export function encodeRecordPayload(entry: Entry): Uint8Array {
  switch (entry.kind) {
    case "noop":
      return nothing;
    case "command":
      return entry.payload;
    case "membership":
      return encodeMembership(entry.membership);
  }
}

/** Returns where the next record starts. */
export function writeRecord(body: Uint8Array, offset: number, kind: Entry["kind"], payload: Uint8Array): number {
  body[offset] = kindCodes[kind];
  viewOf(body).setUint32(offset + 1, payload.byteLength, true);
  body.set(payload, offset + recordHeaderBytes);
  return offset + recordHeaderBytes + payload.byteLength;
}

/** Returns where the next record starts. The caller has checked the block's checksum. */
export function skipRecord(body: Uint8Array, offset: number): number {
  return offset + recordHeaderBytes + viewOf(body).getUint32(offset + 1, true);
}

export function decodeRecord(
  body: Uint8Array,
  offset: number,
  id: EntryId,
  file: string,
): { readonly entry: Entry; readonly end: number } {
  const end = skipRecord(body, offset);
  const payload = body.subarray(offset + recordHeaderBytes, end);
  switch (body[offset]) {
    case kindCodes.noop:
      return { entry: { kind: "noop", ...id }, end };
    case kindCodes.command:
      return { entry: { kind: "command", ...id, payload }, end };
    case kindCodes.membership:
      return { entry: { kind: "membership", ...id, membership: decodeMembership(payload, file) }, end };
    default:
      throw damaged(file, `entry ${id.index} is of the unknown kind ${body[offset]}`);
  }
}

function viewOf(body: Uint8Array): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength);
}
