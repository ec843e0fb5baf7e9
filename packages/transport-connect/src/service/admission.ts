import { Code, ConnectError } from "@connectrpc/connect";
import type { Identity, Logger, Member, Message, NodeId, TransportHandler } from "@raftkv/raft-core";
import { ChangeLog } from "../change-log.ts";
import type { Hello } from "../codec/hello-codec.ts";
import type { ProtocolVersions } from "../codec/protocol-version.ts";
import { judgeHello } from "./check-hello.ts";
import { type InboundStream, InboundStreams } from "./inbound-streams.ts";

export interface AdmissionOptions {
  readonly identity: () => Identity;
  readonly versions: ProtocolVersions;
  readonly logger: Logger;
  /** So many nodes that are no members may have streams at one time. */
  readonly maxStrangers: number;
  /** A node has opened a stream, so it is alive; it can be reached at `address`, if it says so. */
  readonly onHeard: (from: NodeId, memberId: string, address: string | undefined) => void;
  /** The nodes with streams that are no members have changed. */
  readonly onStrangers: (strangers: readonly Member[]) => void;
}

/** Who was let in, and on what terms. */
export interface Admitted {
  readonly handler: TransportHandler;
  /** The version in which the stream goes on. */
  readonly version: number;
}

interface Stranger {
  readonly member: Member;
  readonly stream: InboundStream;
  /** It has asked something since the member with its id last did. */
  hasAskedLast: boolean;
}

/** The door: who may speak to this node, and on which stream. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #streams = new InboundStreams();
  readonly #strangers = new Map<NodeId, Stranger>();
  readonly #news = new ChangeLog();
  /** Undefined until this node has read its membership. */
  #peers: ReadonlyMap<NodeId, Member> | undefined;
  #handler: TransportHandler | undefined;
  #isClosed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
  }

  setPeers(peers: ReadonlyMap<NodeId, Member>): void {
    this.#peers = peers;
    for (const [id, { member }] of this.#strangers) {
      if (peers.get(id)?.memberId === member.memberId) this.#strangers.delete(id);
    }
    this.#streams.retain((from, memberId) => this.#isKnown(from, memberId));
    this.#reportStrangers();
  }

  close(): void {
    this.#isClosed = true;
    this.#streams.closeAll();
  }

  /** The handler for a stream with that hello. Throws a `ConnectError` that says why it is refused. */
  admit(hello: Hello): Admitted {
    return this.#judge(hello);
  }

  /** Takes the place of the peer's older stream. Throws a `ConnectError` where `admit` would. */
  openStream(hello: Hello): InboundStream {
    const { stranger } = this.#judge(hello);
    const { fromNodeId: from, fromMemberId: memberId, fromIncarnation, fromAddress } = hello;
    if (stranger !== undefined) this.#assertRoom(from);
    const stream = this.#streams.open(from, memberId, fromIncarnation);
    if (stranger !== undefined) {
      const before = this.#strangers.get(from);
      if (before?.member.memberId !== memberId) before?.stream.close();
      this.#strangers.set(from, { member: stranger, stream, hasAskedLast: false });
    }
    this.#reportStrangers();
    this.#options.onHeard(from, memberId, fromAddress);
    return {
      from,
      signal: stream.signal,
      close: () => {
        stream.close();
        this.#closed(from, memberId, stream);
      },
    };
  }

  /** Who has that id and has asked something last, by its data directory; undefined: the member, if there is one. */
  askerOf(id: NodeId): string | undefined {
    const stranger = this.#strangers.get(id);
    return stranger?.hasAskedLast === true ? stranger.member.memberId : undefined;
  }

  #closed(from: NodeId, memberId: string, stream: InboundStream): void {
    const isStranger = this.#strangers.get(from)?.stream === stream;
    if (isStranger) this.#strangers.delete(from);
    if (!this.#isKnown(from, memberId)) this.#streams.forget(from, memberId);
    if (isStranger) this.#reportStrangers();
  }

  #isKnown(id: NodeId, memberId: string): boolean {
    return this.#bearers(id).some((bearer) => bearer.memberId === memberId);
  }

  /** The member with that id, and the stranger. */
  #bearers(id: NodeId): readonly Member[] {
    return [this.#peers?.get(id), this.#strangers.get(id)?.member].filter((bearer) => bearer !== undefined);
  }

  #judge(hello: Hello): Admitted & { readonly stranger: Member | undefined } {
    if (this.#isClosed) throw new ConnectError("the node is shutting down", Code.Unavailable);
    const { identity, versions } = this.#options;
    const judgement = judgeHello(hello, { identity: identity(), versions, peers: this.#peers });
    if (judgement.kind === "refused") {
      this.#logRefusal(hello, judgement.reason);
      throw new ConnectError(judgement.reason, judgement.code);
    }
    if (this.#handler === undefined || this.#peers === undefined) {
      throw new ConnectError("the node is starting", Code.Unavailable);
    }
    this.#streams.assertNewest(hello.fromNodeId, hello.fromMemberId, hello.fromIncarnation);
    this.#news.forget(newsKey(hello));
    const handler = this.#heardAs(hello, this.#handler);
    return { handler, version: judgement.version, stranger: judgement.stranger };
  }

  /** Of a stranger nothing is heard that would be counted as the word of the member with its id. */
  #heardAs({ fromMemberId }: Hello, handler: TransportHandler): TransportHandler {
    return {
      message: (from, message) => {
        const stranger = this.#strangers.get(from);
        if (isCounted(message)) {
          if (this.#peers?.get(from)?.memberId !== fromMemberId) return;
        } else if (stranger !== undefined) {
          stranger.hasAskedLast = stranger.member.memberId === fromMemberId;
        }
        handler.message(from, message, fromMemberId);
      },
      unreachable: (peer) => handler.unreachable(peer),
      offer: (offer) => handler.offer(offer),
      snapshot: (incoming) => handler.snapshot(incoming),
    };
  }

  #assertRoom(from: NodeId): void {
    const { maxStrangers } = this.#options;
    if (this.#strangers.has(from) || this.#strangers.size < maxStrangers) return;
    throw new ConnectError(
      `${maxStrangers} nodes that are no members have streams to this node already`,
      Code.ResourceExhausted,
    );
  }

  #reportStrangers(): void {
    this.#options.onStrangers([...this.#strangers.values()].map(({ member }) => member));
  }

  /** One line when a node is first refused, and when the reason changes: it will try again, many times a minute. */
  #logRefusal(hello: Hello, reason: string): void {
    if (!this.#news.isNews(newsKey(hello), reason)) return;
    this.#options.logger.warn(`refused a stream from node ${hello.fromNodeId}: ${reason}`, { peer: hello.fromNodeId });
  }
}

/** What a candidate or a leader adds up by the ids of those who say it. */
function isCounted({ kind }: Message): boolean {
  switch (kind) {
    case "preVoteResponse":
    case "voteResponse":
    case "appendResponse":
    case "heartbeatResponse":
      return true;
    default:
      return false;
  }
}

function newsKey(hello: Hello): string {
  return String(hello.fromNodeId);
}
