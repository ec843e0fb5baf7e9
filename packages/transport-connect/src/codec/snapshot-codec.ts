import { crc32 } from "node:zlib";
import type {
  InstallSnapshotRequest,
  SnapshotChunk,
  SnapshotHeader as WireHeader,
  SnapshotMetadata as WireMetadata,
} from "@raftkv/proto/raft";
import type { SnapshotMetadata, Term } from "@raftkv/raft-core";
import { decodeHello, encodeHello, type Hello } from "./hello-codec.ts";
import { decodeMembership, encodeMembership } from "./membership-codec.ts";
import { WireError } from "./wire-error.ts";
import { fromWire, toWire } from "./wire-number.ts";

/** What stands at the start of a snapshot's stream. */
export interface SnapshotHeader {
  readonly hello: Hello;
  readonly term: Term;
  readonly metadata: SnapshotMetadata;
}

export function encodeSnapshotHeader(header: SnapshotHeader): InstallSnapshotRequest {
  return request({
    case: "header",
    value: {
      $typeName: "raftkv.raft.v1.SnapshotHeader",
      hello: encodeHello(header.hello),
      term: toWire(header.term),
      metadata: encodeMetadata(header.metadata),
    },
  });
}

export function decodeSnapshotHeader(wire: WireHeader): SnapshotHeader {
  if (wire.hello === undefined) throw new WireError("snapshot_header.hello is missing");
  if (wire.metadata === undefined) throw new WireError("snapshot_header.metadata is missing");
  return {
    hello: decodeHello(wire.hello),
    term: fromWire(wire.term, "snapshot_header.term"),
    metadata: decodeMetadata(wire.metadata),
  };
}

export function encodeSnapshotChunk(offset: number, data: Uint8Array): InstallSnapshotRequest {
  return request({
    case: "chunk",
    value: { $typeName: "raftkv.raft.v1.SnapshotChunk", offset: toWire(offset), data, checksum: crc32(data) },
  });
}

/** The chunk's bytes, once it stands where it belongs and its checksum holds. */
export function verifiedChunk(chunk: SnapshotChunk, expectedOffset: number): Uint8Array {
  const offset = fromWire(chunk.offset, "snapshot_chunk.offset");
  if (offset !== expectedOffset) {
    throw new WireError(`snapshot_chunk.offset is ${offset}, expected ${expectedOffset}`);
  }
  const checksum = crc32(chunk.data);
  if (checksum !== chunk.checksum) {
    throw new WireError(
      `the snapshot's chunk at ${offset} has checksum ${checksum}, its sender says ${chunk.checksum}`,
    );
  }
  return chunk.data;
}

export function encodeSnapshotEnd(size: number): InstallSnapshotRequest {
  return request({ case: "end", value: { $typeName: "raftkv.raft.v1.SnapshotEnd", size: toWire(size) } });
}

function request(content: InstallSnapshotRequest["request"]): InstallSnapshotRequest {
  return { $typeName: "raftkv.raft.v1.InstallSnapshotRequest", request: content };
}

function encodeMetadata(metadata: SnapshotMetadata): WireMetadata {
  return {
    $typeName: "raftkv.raft.v1.SnapshotMetadata",
    index: toWire(metadata.index),
    term: toWire(metadata.term),
    membership: encodeMembership(metadata.membership),
  };
}

function decodeMetadata(wire: WireMetadata): SnapshotMetadata {
  if (wire.membership === undefined) throw new WireError("snapshot_metadata.membership is missing");
  return {
    index: fromWire(wire.index, "snapshot_metadata.index"),
    term: fromWire(wire.term, "snapshot_metadata.term"),
    membership: decodeMembership(wire.membership),
  };
}
