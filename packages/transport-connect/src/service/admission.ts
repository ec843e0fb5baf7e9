import { Code, ConnectError } from "@connectrpc/connect";
import type { Identity, Logger, Member, NodeId, TransportHandler } from "@raftkv/raft-core";
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
  /** The nodes with streams that have a member's id, and another data directory, have changed. */
  readonly onOtherLives: (others: readonly Member[]) => void;
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
}

/** A stream that was let in. */
export interface AdmittedStream extends InboundStream {
  /** Its sender has a member's id and is not that member: what it asks is heard, what it answers counts for nobody. */
  readonly isOtherLife: boolean;
}

/** The door: who may speak to this node, and on which stream. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #streams = new InboundStreams();
  readonly #strangers = new Map<NodeId, Stranger>();
  /** Streams of their own: they take no member's place. */
  readonly #otherStreams = new InboundStreams();
  readonly #otherLives = new Map<NodeId, Stranger>();
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
    for (const id of peers.keys()) this.#strangers.delete(id);
    this.#streams.retain((from, memberId) => {
      const expected = peers.get(from) ?? this.#strangers.get(from)?.member;
      return expected?.memberId === memberId;
    });
    // Who has become a member is let in as one when it comes again, and so is who is a mere stranger now.
    this.#otherStreams.retain((from, memberId) => {
      const member = peers.get(from);
      return member !== undefined && member.memberId !== memberId;
    });
    this.#reportStrangers();
  }

  /** Whether the member, or the stranger, has a stream to this node just now. */
  hasStream(from: NodeId): boolean {
    return this.#streams.isOpen(from);
  }

  close(): void {
    this.#isClosed = true;
    this.#streams.closeAll();
    this.#otherStreams.closeAll();
  }

  /** The handler for a stream with that hello. Throws a `ConnectError` that says why it is refused. */
  admit(hello: Hello): Admitted {
    return this.#judge(hello);
  }

  /** Takes the place of the peer's older stream. Throws a `ConnectError` where `admit` would. */
  openStream(hello: Hello): AdmittedStream {
    const { stranger, isOtherLife } = this.#judge(hello);
    const { fromNodeId: from, fromMemberId: memberId, fromIncarnation, fromAddress } = hello;
    const strangers = isOtherLife ? this.#otherLives : this.#strangers;
    if (stranger !== undefined) this.#assertRoom(strangers, from);
    const stream = (isOtherLife ? this.#otherStreams : this.#streams).open(from, memberId, fromIncarnation);
    if (stranger !== undefined) strangers.set(from, { member: stranger, stream });
    this.#reportStrangers();
    if (isOtherLife) this.#logOtherLife(hello);
    else this.#options.onHeard(from, memberId, fromAddress);
    return {
      from,
      isOtherLife,
      signal: stream.signal,
      close: () => {
        stream.close();
        if (strangers.get(from)?.stream !== stream) return;
        strangers.delete(from);
        this.#reportStrangers();
      },
    };
  }

  #judge(hello: Hello): Admitted & { readonly stranger: Member | undefined; readonly isOtherLife: boolean } {
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
    const { version, stranger, isOtherLife } = judgement;
    const streams = isOtherLife ? this.#otherStreams : this.#streams;
    streams.assertNewest(hello.fromNodeId, hello.fromMemberId, hello.fromIncarnation);
    this.#news.forget(newsKey(hello));
    return { handler: this.#handler, version, stranger, isOtherLife };
  }

  #assertRoom(strangers: ReadonlyMap<NodeId, Stranger>, from: NodeId): void {
    const { maxStrangers } = this.#options;
    if (strangers.has(from) || strangers.size < maxStrangers) return;
    throw new ConnectError(
      `${maxStrangers} nodes that are no members have streams to this node already`,
      Code.ResourceExhausted,
    );
  }

  #reportStrangers(): void {
    this.#options.onStrangers([...this.#strangers.values()].map(({ member }) => member));
    this.#options.onOtherLives([...this.#otherLives.values()].map(({ member }) => member));
  }

  #logOtherLife({ fromNodeId: from, fromMemberId }: Hello): void {
    const expected = this.#peers?.get(from)?.memberId ?? "";
    const text =
      `node ${from} speaks with the data directory ${JSON.stringify(fromMemberId.slice(0, 64))}, the membership that this ` +
      `node knows has ${JSON.stringify(expected)}: its answers do not count`;
    if (this.#news.isNews(`other ${from}`, text)) this.#options.logger.warn(text, { peer: from });
  }

  /** One line when a node is first refused, and when the reason changes: it will try again, many times a minute. */
  #logRefusal(hello: Hello, reason: string): void {
    if (!this.#news.isNews(newsKey(hello), reason)) return;
    this.#options.logger.warn(`refused a stream from node ${hello.fromNodeId}: ${reason}`, { peer: hello.fromNodeId });
  }
}

function newsKey(hello: Hello): string {
  return String(hello.fromNodeId);
}
