import type { Hello as WireHello } from "@raftkv/proto/raft";
import type { NodeId } from "@raftkv/raft-core";
import { fromWire, nodeIdFromWire, toWire } from "./wire-number.ts";

/** The version of the protocol between nodes that this package speaks. */
export const protocolVersion = 1;

/** Who speaks to whom, at the start of every stream. */
export interface Hello {
  readonly protocolVersion: number;
  readonly clusterId: string;
  readonly fromNodeId: NodeId;
  readonly fromMemberId: string;
  readonly fromIncarnation: number;
  readonly toNodeId: NodeId;
  readonly toMemberId: string;
}

export function encodeHello(hello: Hello): WireHello {
  return {
    $typeName: "raftkv.raft.v1.Hello",
    protocolVersion: hello.protocolVersion,
    clusterId: hello.clusterId,
    fromNodeId: toWire(hello.fromNodeId),
    fromMemberId: hello.fromMemberId,
    fromIncarnation: toWire(hello.fromIncarnation),
    toNodeId: toWire(hello.toNodeId),
    toMemberId: hello.toMemberId,
  };
}

export function decodeHello(wire: WireHello): Hello {
  return {
    protocolVersion: wire.protocolVersion,
    clusterId: wire.clusterId,
    fromNodeId: nodeIdFromWire(wire.fromNodeId, "hello.from_node_id"),
    fromMemberId: wire.fromMemberId,
    fromIncarnation: fromWire(wire.fromIncarnation, "hello.from_incarnation"),
    toNodeId: nodeIdFromWire(wire.toNodeId, "hello.to_node_id"),
    toMemberId: wire.toMemberId,
  };
}
