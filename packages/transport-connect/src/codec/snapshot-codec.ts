import { crc32 } from "node:zlib";
import type {
  InstallSnapshotRequest,
  OfferSnapshotRequest,
  SnapshotChunk,
  SnapshotContent as WireContent,
  SnapshotHeader as WireHeader,
  SnapshotMetadata as WireMetadata,
} from "@raftkv/proto/raft";
import type { NodeId, SnapshotContent, SnapshotMetadata, Term } from "@raftkv/raft-core";
import { decodeHello, encodeHello, type Hello } from "./hello-codec.ts";
import { decodeMembership, encodeMembership } from "./membership-codec.ts";
import { WireError } from "./wire-error.ts";
import { fromWire, nodeIdFromWire, toWire } from "./wire-number.ts";

const digestBytes = 32;

/** What stands at the start of a snapshot's stream. */
export interface SnapshotHeader {
  readonly hello: Hello;
  readonly term: Term;
  /** Who leads in that term. */
  readonly leader: NodeId;
  readonly metadata: SnapshotMetadata;
  /** Undefined: the sender is of protocol version 1. */
  readonly content: SnapshotContent | undefined;
  /** Where the chunks begin. */
  readonly offset: number;
}

export function encodeSnapshotHeader(header: SnapshotHeader): InstallSnapshotRequest {
  return request({ case: "header", value: encodeHeader(header) });
}

export function encodeSnapshotOffer(header: SnapshotHeader): OfferSnapshotRequest {
  return { $typeName: "raftkv.raft.v1.OfferSnapshotRequest", header: encodeHeader(header) };
}

function encodeHeader(header: SnapshotHeader): WireHeader {
  return {
    $typeName: "raftkv.raft.v1.SnapshotHeader",
    hello: encodeHello(header.hello),
    term: toWire(header.term),
    metadata: encodeMetadata(header.metadata),
    leaderNodeId: toWire(header.leader),
    ...(header.content === undefined ? {} : { content: encodeContent(header.content) }),
    offset: toWire(header.offset),
  };
}

export function decodeSnapshotHeader(wire: WireHeader): SnapshotHeader {
  if (wire.hello === undefined) throw new WireError("snapshot_header.hello is missing");
  if (wire.metadata === undefined) throw new WireError("snapshot_header.metadata is missing");
  const hello = decodeHello(wire.hello);
  const isFromLeader = wire.leaderNodeId === 0n;
  return {
    hello,
    term: fromWire(wire.term, "snapshot_header.term"),
    leader: isFromLeader ? hello.fromNodeId : nodeIdFromWire(wire.leaderNodeId, "snapshot_header.leader_node_id"),
    metadata: decodeMetadata(wire.metadata),
    content: wire.content === undefined ? undefined : decodeContent(wire.content),
    offset: fromWire(wire.offset, "snapshot_header.offset"),
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

function encodeContent({ bytes, digest }: SnapshotContent): WireContent {
  return {
    $typeName: "raftkv.raft.v1.SnapshotContent",
    bytes: toWire(bytes),
    sha256: Uint8Array.from(Buffer.from(digest, "hex")),
  };
}

function decodeContent(wire: WireContent): SnapshotContent {
  if (wire.sha256.byteLength !== digestBytes) {
    throw new WireError(`snapshot_content.sha256 has ${wire.sha256.byteLength} bytes, expected ${digestBytes}`);
  }
  return {
    bytes: fromWire(wire.bytes, "snapshot_content.bytes"),
    digest: Buffer.from(wire.sha256).toString("hex"),
  };
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
