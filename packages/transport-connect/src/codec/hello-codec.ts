import type { Hello as WireHello } from "@raftkv/proto/raft";
import type { NodeId } from "@raftkv/raft-core";
import { addressVersion, type ProtocolVersions } from "./protocol-version.ts";
import { WireError } from "./wire-error.ts";
import { fromWire, nodeIdFromWire, toWire } from "./wire-number.ts";
import { idFromWire } from "./wire-text.ts";

/** Who speaks to whom, at the start of every stream. */
export interface Hello {
  /** What the sender speaks. */
  readonly versions: ProtocolVersions;
  readonly clusterId: string;
  readonly fromNodeId: NodeId;
  readonly fromMemberId: string;
  readonly fromIncarnation: number;
  /** `host:port` at which the sender can be reached; undefined: where the membership says. */
  readonly fromAddress: string | undefined;
  readonly toNodeId: NodeId;
  readonly toMemberId: string;
}

/** A hello of version 1 alone is what a node that knows no other sends. */
export function encodeHello(hello: Hello): WireHello {
  const { min, max } = hello.versions;
  return {
    $typeName: "raftkv.raft.v1.Hello",
    protocolVersion: min,
    clusterId: hello.clusterId,
    fromNodeId: toWire(hello.fromNodeId),
    fromMemberId: hello.fromMemberId,
    fromIncarnation: toWire(hello.fromIncarnation),
    toNodeId: toWire(hello.toNodeId),
    toMemberId: hello.toMemberId,
    maxProtocolVersion: max === min ? 0 : max,
    fromAddress: max < addressVersion ? "" : (hello.fromAddress ?? ""),
  };
}

export function decodeHello(wire: WireHello): Hello {
  const { protocolVersion: min, maxProtocolVersion, fromAddress } = wire;
  const max = maxProtocolVersion === 0 ? min : maxProtocolVersion;
  if (max < min) throw new WireError(`hello.max_protocol_version is ${max}, and protocol_version is ${min}`);
  if (fromAddress !== "" && !addressForm.test(fromAddress)) throw new WireError("hello.from_address is not host:port");
  return {
    versions: { min, max },
    clusterId: idFromWire(wire.clusterId, "hello.cluster_id"),
    fromNodeId: nodeIdFromWire(wire.fromNodeId, "hello.from_node_id"),
    fromMemberId: idFromWire(wire.fromMemberId, "hello.from_member_id"),
    fromIncarnation: fromWire(wire.fromIncarnation, "hello.from_incarnation"),
    fromAddress: fromAddress === "" ? undefined : fromAddress,
    toNodeId: nodeIdFromWire(wire.toNodeId, "hello.to_node_id"),
    toMemberId: idFromWire(wire.toMemberId, "hello.to_member_id"),
  };
}

/** A host name has at most 253 characters. */
const addressForm = /^[^\s/@?#]{1,256}:\d{1,5}$/;
