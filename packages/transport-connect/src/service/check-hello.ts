import { Code } from "@connectrpc/connect";
import type { Identity, Member, NodeId } from "@raftkv/raft-core";
import { type Hello, protocolVersion } from "../codec/hello-codec.ts";

/** Why a stream is not taken. The reason is for both logs. */
export interface Refusal {
  readonly code: Code;
  readonly reason: string;
}

/**
 * Decides whether a stream is meant for this node and comes from whom it says (a wiped or foreign node must never be
 * taken for a member). Undefined: it is fine. While this node does not know its `peers` yet, the sender may be anybody.
 */
export function checkHello(
  hello: Hello,
  self: Identity,
  peers: ReadonlyMap<NodeId, Member> | undefined,
): Refusal | undefined {
  return checkProtocol(hello) ?? checkReceiver(hello, self) ?? (peers && checkSender(hello, peers));
}

function checkProtocol(hello: Hello): Refusal | undefined {
  if (hello.protocolVersion === protocolVersion) return undefined;
  return refuse(`it speaks protocol version ${hello.protocolVersion}, this node speaks version ${protocolVersion}`);
}

function checkReceiver(hello: Hello, self: Identity): Refusal | undefined {
  if (self.clusterId === undefined) {
    return { code: Code.Unavailable, reason: "this node does not belong to a cluster yet" };
  }
  if (hello.clusterId !== self.clusterId) {
    return refuse(`it belongs to cluster ${quoted(hello.clusterId)}, this node to ${quoted(self.clusterId)}`);
  }
  if (hello.toNodeId !== self.nodeId) {
    return refuse(`it wants node ${hello.toNodeId}, this is node ${self.nodeId}: check the addresses of the members`);
  }
  if (hello.toMemberId !== self.memberId) {
    return refuse(
      `it wants member ${quoted(hello.toMemberId)}, this node is ${quoted(self.memberId)}: its data directory is another`,
    );
  }
  return undefined;
}

function checkSender(hello: Hello, peers: ReadonlyMap<NodeId, Member>): Refusal | undefined {
  const known = peers.get(hello.fromNodeId);
  if (known === undefined) {
    return { code: Code.PermissionDenied, reason: `node ${hello.fromNodeId} is not a member that this node knows` };
  }
  if (known.memberId === hello.fromMemberId) return undefined;
  return {
    code: Code.PermissionDenied,
    reason:
      `node ${hello.fromNodeId} says it is member ${quoted(hello.fromMemberId)}, the membership has ` +
      `${quoted(known.memberId)}: a node that lost its data directory has to join as a new member`,
  };
}

function refuse(reason: string): Refusal {
  return { code: Code.FailedPrecondition, reason };
}

/** What comes from the wire is quoted and cut before it goes into a log. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
