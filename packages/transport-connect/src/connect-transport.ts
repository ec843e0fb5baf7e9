import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { StreamRoutes } from "@raftkv/grpc-stream";
import { RaftService } from "@raftkv/proto/raft";
import type {
  Clock,
  Identity,
  Logger,
  Member,
  Message,
  NodeId,
  RaftTransport,
  Random,
  SnapshotShipment,
  TransportHandler,
} from "@raftkv/raft-core";
import type { Hello } from "./codec/hello-codec.ts";
import { type ProtocolVersions, protocolVersions } from "./codec/protocol-version.ts";
import { PeerConnection } from "./http2/peer-connection.ts";
import { defaultWindows } from "./http2/windows.ts";
import { introduce } from "./introduce/introduce.ts";
import type { Introducer, Introduction } from "./introduce/introduction.ts";
import { BatchEncoder } from "./link/batch-encoder.ts";
import { PeerLink } from "./link/peer-link.ts";
import { PeerDirectory } from "./peer-directory.ts";
import { Admission } from "./service/admission.ts";
import { answers } from "./service/answers.ts";
import { MessagesListener } from "./service/messages-listener.ts";
import { raftService } from "./service/raft-service.ts";
import { sendSnapshot } from "./snapshot/send-snapshot.ts";
import { Slots } from "./snapshot/slots.ts";
import { defaultTransportLimits, type TransportLimits } from "./transport-limits.ts";

/** Room for what frames a message of the largest size. */
const framingBytes = 64 * 1024;

export interface ConnectTransportOptions {
  /** Who this node is. Asked for each stream, because the cluster id comes only when the cluster has formed. */
  readonly identity: () => Identity;
  /**
   * `host:port` at which the others can reach this node, for those who do not know it, or know it elsewhere. Undefined:
   * it is where the membership says.
   */
  readonly address?: () => string | undefined;
  /** Answers a node that introduces itself: while a cluster forms, and when it asks who waits to be added. */
  readonly onIntroduce: (from: Introducer) => Introduction | Promise<Introduction>;
  readonly clock: Clock;
  /** Jitters the pauses between attempts to connect. */
  readonly random: Random;
  readonly logger: Logger;
  /** What differs from `defaultTransportLimits`. */
  readonly limits?: Partial<TransportLimits>;
  /** Fewer versions of the protocol than this package speaks, as an older or a later node would. */
  readonly versions?: ProtocolVersions;
}

/**
 * The Raft transport over Connect: one long-lived stream to each peer, batches of messages on it, snapshots on
 * connections of their own. It listens nowhere: `routes` mounts the raft service beside others on one port.
 */
export class ConnectTransport implements RaftTransport {
  readonly #options: ConnectTransportOptions;
  readonly #limits: TransportLimits;
  readonly #versions: ProtocolVersions;
  readonly #admission: Admission;
  readonly #outgoingSnapshots: Slots;
  readonly #incomingSnapshots: Slots;
  readonly #links = new Map<NodeId, PeerLink>();
  /** To strangers who have the id of a member. */
  readonly #namesakeLinks = new Map<NodeId, PeerLink>();
  readonly #directory = new PeerDirectory();
  readonly #encoder = new BatchEncoder();
  readonly #closing = new AbortController();
  #handler: TransportHandler | undefined;

  constructor(options: ConnectTransportOptions) {
    this.#options = options;
    this.#limits = { ...defaultTransportLimits, ...options.limits };
    this.#versions = options.versions ?? protocolVersions;
    this.#outgoingSnapshots = new Slots(this.#limits.snapshots, "snapshots to other nodes");
    this.#incomingSnapshots = new Slots(this.#limits.snapshots, "snapshots from other nodes");
    this.#admission = new Admission({
      identity: options.identity,
      versions: this.#versions,
      logger: options.logger,
      maxStrangers: this.#limits.strangers,
      onHeard: (from, memberId, address) => {
        if (this.#directory.heard(from, memberId, address)) this.#connectPeers();
        this.#links.get(from)?.dialNow();
      },
      onStrangers: (strangers) => {
        if (this.#directory.setStrangers(strangers)) this.#connectPeers();
      },
    });
  }

  /** Mounts the raft service. Streams are refused as unavailable until `start`; introductions are answered at once. */
  routes(router: ConnectRouter, streams: StreamRoutes): void {
    const { identity, onIntroduce, clock, logger } = this.#options;
    const maxRequestBytes = this.#limits.messageBytes + framingBytes;
    const options = {
      admission: this.#admission,
      slots: this.#incomingSnapshots,
      offers: new Slots(this.#limits.snapshots, "offers of snapshots from other nodes"),
      identity,
      onIntroduce,
      clock,
      logger,
      helloTimeoutMs: this.#limits.helloTimeoutMs,
      progressTimeoutMs: this.#limits.snapshotProgressTimeoutMs,
      answerTo: answers(logger),
    };
    router.service(RaftService, raftService(options), { readMaxBytes: maxRequestBytes, acceptCompression: [] });
    streams.add(RaftService.method.messages, maxRequestBytes, (call) => new MessagesListener(call, options));
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    this.#admission.start(handler);
    this.#connectPeers();
  }

  /** This node itself may be among the members. A peer whose address or member id has changed is dialled anew. */
  setPeers(members: readonly Member[]): void {
    const self = this.#options.identity().nodeId;
    this.#directory.setMembers(members.filter((member) => member.id !== self));
    this.#admission.setPeers(this.#directory.members);
    this.#connectPeers();
  }

  /** A question is answered to whoever has asked it last, where it is not said to whom. */
  send(to: NodeId, message: Message, toMemberId?: string): void {
    const isAnswer = message.kind.endsWith("Response");
    const memberId = toMemberId ?? (isAnswer ? this.#admission.askerOf(to) : undefined);
    const links = [this.#links.get(to), this.#namesakeLinks.get(to)];
    const link = memberId === undefined ? links[0] : links.find((link) => link?.peer.memberId === memberId);
    link?.send(message);
  }

  /** Strangers that have spoken to this node too, as long as they are connected. */
  peer(id: NodeId): Member | undefined {
    return this.#directory.peer(id);
  }

  /**
   * Rejects with a `ConnectError`: not found for a node that is no peer, unimplemented for one of protocol version 1 if
   * this node does not lead (it would be taken for the leader), resource exhausted when too many snapshots are
   * under way, else whatever the peer or the network had against it. Leaves closing the source to the caller.
   */
  async sendSnapshot(to: NodeId, { term, leader, source }: SnapshotShipment, signal: AbortSignal): Promise<void> {
    const peer = this.#directory.peer(to);
    if (peer === undefined) throw new ConnectError(`node ${to} is not a peer`, Code.NotFound);
    const release = this.#outgoingSnapshots.take();
    try {
      const { metadata, content } = source;
      const header = { hello: this.#helloTo(peer), term, leader, metadata, content, offset: 0 };
      const either = AbortSignal.any([signal, this.#closing.signal]);
      await sendSnapshot(this.#connectionTo(peer.address), header, source, either, {
        clock: this.#options.clock,
        timeoutMs: this.#limits.snapshotProgressTimeoutMs,
        commitTimeoutMs: this.#limits.snapshotCommitTimeoutMs,
      });
    } finally {
      release();
    }
  }

  /**
   * Introduces this node to whoever listens at `address`; works before a cluster has formed. Rejects with a
   * `ConnectError` if nobody answers within `limits.introduceTimeoutMs`, or with a `WireError` for a malformed answer.
   */
  async introduce(address: string, from: Introducer, signal: AbortSignal): Promise<Introduction> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    return introduce(this.#connectionTo(address), from, either, this.#limits.introduceTimeoutMs);
  }

  /**
   * Whoever introduced itself so listens at `address`. If it is a member, it is reached there until the membership says
   * something new, or it is heard from elsewhere.
   */
  found({ nodeId, memberId }: Introducer, address: string): void {
    if (this.#directory.heard(nodeId, memberId, address)) this.#connectPeers();
  }

  /** Ends all streams, in and out; everything on its way may be lost. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#admission.close();
    for (const links of [this.#links, this.#namesakeLinks]) {
      for (const link of links.values()) link.close();
      links.clear();
    }
  }

  /** A link to each peer, where it can be reached now, and to nobody else. */
  #connectPeers(): void {
    this.#connect(this.#links, this.#directory.peers());
    this.#connect(this.#namesakeLinks, this.#directory.namesakes());
  }

  #connect(links: Map<NodeId, PeerLink>, peers: ReadonlyMap<NodeId, Member>): void {
    for (const [id, link] of links) {
      if (isSame(link.peer, peers.get(id))) continue;
      link.close();
      links.delete(id);
    }
    const handler = this.#handler;
    if (handler === undefined || this.#closing.signal.aborted) return;
    for (const peer of peers.values()) {
      if (!links.has(peer.id)) links.set(peer.id, this.#linkTo(peer, handler));
    }
  }

  #linkTo(peer: Member, handler: TransportHandler): PeerLink {
    const { clock, random, logger } = this.#options;
    const link = new PeerLink({
      peer,
      hello: () => this.#helloTo(peer),
      clock,
      random,
      limits: this.#limits,
      windows: defaultWindows,
      encoder: this.#encoder,
      logger,
      // Not from within `send`: the handler may be in the middle of carrying out effects.
      onUnreachable: () =>
        queueMicrotask(() => {
          if (this.#links.get(peer.id) === link) handler.unreachable(peer.id);
        }),
    });
    return link;
  }

  #connectionTo(address: string): PeerConnection {
    return new PeerConnection(address, { clock: this.#options.clock, windows: defaultWindows, ...this.#limits });
  }

  #helloTo(peer: Member): Hello {
    const self = this.#options.identity();
    return {
      versions: this.#versions,
      clusterId: self.clusterId ?? "",
      fromNodeId: self.nodeId,
      fromMemberId: self.memberId,
      fromIncarnation: self.incarnation,
      fromAddress: this.#options.address?.(),
      toNodeId: peer.id,
      toMemberId: peer.memberId,
    };
  }
}

function isSame(peer: Member, other: Member | undefined): boolean {
  return other !== undefined && peer.address === other.address && peer.memberId === other.memberId;
}
