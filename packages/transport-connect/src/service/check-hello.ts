import { Code } from "@connectrpc/connect";
import type { Identity, Member, NodeId } from "@raftkv/raft-core";
import type { Hello } from "../codec/hello-codec.ts";
import { commonVersion, describeVersions, type ProtocolVersions } from "../codec/protocol-version.ts";

/** What becomes of a stream. */
export type Judgement = Accepted | Refusal;

export interface Accepted {
  readonly kind: "accepted";
  /** The version in which the stream goes on. */
  readonly version: number;
  /** Undefined: a member. Else who it says it is: no member that this node knows of. */
  readonly stranger: Member | undefined;
}

/** Why a stream is not taken. The reason is for both logs. */
export interface Refusal {
  readonly kind: "refused";
  readonly code: Code;
  readonly reason: string;
}

/** The node that is spoken to. */
export interface Receiver {
  readonly identity: Identity;
  readonly versions: ProtocolVersions;
  /** Undefined: it does not know them yet, and the sender may be anybody. */
  readonly peers: ReadonlyMap<NodeId, Member> | undefined;
}

/**
 * Decides whether a stream is meant for this node and comes from whom it says (a wiped or foreign node must never be
 * taken for a member). Whoever belongs to the cluster and is no member here is a stranger, also one that has the id of a
 * member with another data directory. It is heard all the same, if it says where to answer: this node may be the one that
 * lags behind, and what is asked is judged by terms and logs, not by who is a member in the voter's eyes.
 */
export function judgeHello(hello: Hello, { identity, versions, peers }: Receiver): Judgement {
  const version = commonVersion(hello.versions, versions);
  if (version === undefined) {
    return refuse(
      `it speaks ${describeVersions(hello.versions)} of the protocol between nodes, and this node ` +
        `${describeVersions(versions)}: upgrade whichever is older, one version at a time`,
    );
  }
  const refusal = checkReceiver(hello, identity) ?? (peers && checkSender(hello, identity, peers));
  if (refusal !== undefined) return refusal;
  const isMember = peers === undefined || peers.get(hello.fromNodeId)?.memberId === hello.fromMemberId;
  return { kind: "accepted", version, stranger: isMember ? undefined : senderOf(hello) };
}

function checkReceiver(hello: Hello, self: Identity): Refusal | undefined {
  if (self.clusterId === undefined) {
    return { kind: "refused", code: Code.Unavailable, reason: "this node does not belong to a cluster yet" };
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

function checkSender(hello: Hello, self: Identity, peers: ReadonlyMap<NodeId, Member>): Refusal | undefined {
  const { fromNodeId } = hello;
  if (fromNodeId === self.nodeId) return deny(`it says it is node ${fromNodeId}, and so is this one`);
  const known = peers.get(fromNodeId);
  if (known === undefined) {
    if (hello.fromAddress !== undefined) return undefined;
    return deny(`node ${fromNodeId} is not a member that this node knows, and does not say where to answer`);
  }
  if (known.memberId === hello.fromMemberId || hello.fromAddress !== undefined) return undefined;
  return deny(
    `node ${fromNodeId} says it is member ${quoted(hello.fromMemberId)}, the membership has ` +
      `${quoted(known.memberId)}: a node that lost its data directory has to join as a new member`,
  );
}

function senderOf({ fromNodeId: id, fromMemberId: memberId, fromAddress }: Hello): Member | undefined {
  return fromAddress === undefined ? undefined : { id, memberId, address: fromAddress };
}

function refuse(reason: string): Refusal {
  return { kind: "refused", code: Code.FailedPrecondition, reason };
}

function deny(reason: string): Refusal {
  return { kind: "refused", code: Code.PermissionDenied, reason };
}

/** What comes from the wire is quoted and cut before it goes into a log. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
