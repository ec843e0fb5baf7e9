import { Code, ConnectError } from "@connectrpc/connect";
import type { Identity, Logger, Member, NodeId, TransportHandler } from "@raftkv/raft-core";
import { ChangeLog } from "../change-log.ts";
import type { Hello } from "../codec/hello-codec.ts";
import { checkHello } from "./check-hello.ts";
import { type InboundStream, InboundStreams } from "./inbound-streams.ts";

export interface AdmissionOptions {
  readonly identity: () => Identity;
  readonly logger: Logger;
  /** A peer has opened a stream, so it is alive. */
  readonly onPeerAlive: (peer: NodeId) => void;
}

/** The door: who may speak to this node, and on which stream. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #streams = new InboundStreams();
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
    this.#streams.retain((from, memberId) => peers.get(from)?.memberId === memberId);
  }

  close(): void {
    this.#isClosed = true;
    this.#streams.closeAll();
  }

  /** The handler for a stream with that hello. Throws a `ConnectError` that says why it is refused. */
  admit(hello: Hello): TransportHandler {
    if (this.#isClosed) throw new ConnectError("the node is shutting down", Code.Unavailable);
    const refusal = checkHello(hello, this.#options.identity(), this.#peers);
    if (refusal !== undefined) {
      this.#logRefusal(hello, refusal.reason);
      throw new ConnectError(refusal.reason, refusal.code);
    }
    if (this.#handler === undefined || this.#peers === undefined) {
      throw new ConnectError("the node is starting", Code.Unavailable);
    }
    this.#streams.assertNewest(hello.fromNodeId, hello.fromMemberId, hello.fromIncarnation);
    this.#news.forget(newsKey(hello));
    return this.#handler;
  }

  /** Takes the place of the peer's older stream. */
  openStream(hello: Hello): InboundStream {
    const stream = this.#streams.open(hello.fromNodeId, hello.fromMemberId, hello.fromIncarnation);
    this.#options.onPeerAlive(hello.fromNodeId);
    return stream;
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
