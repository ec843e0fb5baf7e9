import { Code, ConnectError } from "@connectrpc/connect";
import type { MessagesResponse } from "@raftkv/proto/raft";
import type { Clock, Logger, Member, Message, Random } from "@raftkv/raft-core";
import type { Hello } from "../codec/hello-codec.ts";
import { messageSize } from "../codec/message-size.ts";
import type { ProtocolVersions } from "../codec/protocol-version.ts";
import { WireError } from "../codec/wire-error.ts";
import { errorText } from "../error-text.ts";
import { PeerConnection } from "../http2/peer-connection.ts";
import type { Http2Windows } from "../http2/windows.ts";
import type { TransportLimits } from "../transport-limits.ts";
import { Backoff } from "./backoff.ts";
import type { BatchEncoder } from "./batch-encoder.ts";
import { MessageQueue } from "./message-queue.ts";
import { PeerStream } from "./peer-stream.ts";

export interface PeerLinkOptions {
  readonly peer: Member;
  /** The hello for a new stream to the peer. */
  readonly hello: () => Hello;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: TransportLimits;
  readonly windows: Http2Windows;
  readonly encoder: BatchEncoder;
  readonly logger: Logger;
  /** Messages are being lost. Called once until the link is up, or its queue has emptied, again. */
  readonly onUnreachable: () => void;
}

/** Answers to a peer's hello that trying again will not change by itself. */
const refusals: ReadonlySet<Code> = new Set([Code.FailedPrecondition, Code.PermissionDenied, Code.InvalidArgument]);

/**
 * The way to one peer: keeps a stream up, and dials again when it breaks. While it dials, messages wait in a bounded
 * queue; between attempts they are dropped, because Raft says everything again and old messages help nobody.
 */
export class PeerLink {
  readonly peer: Member;
  readonly #options: PeerLinkOptions;
  readonly #queue: MessageQueue;
  readonly #backoff: Backoff;
  #state: "dialling" | "up" | "pausing" | "closed" = "dialling";
  #stream: PeerStream | undefined;
  #endPause: () => void = () => {};
  #lossReported = false;
  #lastTrouble: string | undefined;

  constructor(options: PeerLinkOptions) {
    const { peer, limits, random } = options;
    this.peer = peer;
    this.#options = options;
    this.#queue = new MessageQueue({ messages: limits.queueMessages, bytes: limits.queueBytes });
    this.#backoff = new Backoff(limits.reconnectMinMs, limits.reconnectMaxMs, random);
    void this.#run();
  }

  /** Hands a message to the stream, or drops it. */
  send(message: Message): void {
    if (this.#state === "closed") return;
    if (this.#take(message)) this.#stream?.messagesQueued();
    else this.#reportLoss();
  }

  /** The peer has just shown that it is alive: don't wait for the pause to end. */
  dialNow(): void {
    this.#endPause();
  }

  close(): void {
    this.#state = "closed";
    this.#stream?.cancel(new ConnectError("the link is closed", Code.Canceled));
    this.#endPause();
    this.#queue.clear();
  }

  /** False: the message is dropped. */
  #take(message: Message): boolean {
    if (this.#state === "pausing") return false;
    const bytes = messageSize(message);
    if (bytes > this.#options.limits.messageBytes) {
      this.#logTooLarge(message, bytes);
      return false;
    }
    if (this.#state === "up" && this.#queue.isEmpty) this.#lossReported = false;
    return this.#queue.offer(message, bytes);
  }

  async #run(): Promise<void> {
    while (this.#state !== "closed") {
      this.#state = "dialling";
      const trouble = await this.#attempt();
      if (this.#isClosed()) return;
      this.#goDown(trouble);
      await this.#pause();
    }
  }

  /** Resolves, once the stream has ended, with why. */
  async #attempt(): Promise<unknown> {
    const { limits, clock } = this.#options;
    const hello = this.#options.hello();
    const stream = new PeerStream({
      hello,
      queue: this.#queue,
      batchBytes: limits.batchBytes,
      encoder: this.#options.encoder,
      accepted: (response) => {
        deadline.cancel();
        return this.#goUp(response, hello.versions);
      },
    });
    this.#stream = stream;
    const deadline = clock.setTimer(limits.connectTimeoutMs, () =>
      stream.cancel(new ConnectError(`no answer to the hello within ${limits.connectTimeoutMs} ms`, Code.Unavailable)),
    );
    let connection: PeerConnection | undefined;
    try {
      connection = this.#dial();
      const opened = stream.open(connection).then(() => stream.ended);
      return (await Promise.race([opened, stream.ended])) ?? new Error("the peer has ended the stream");
    } catch (error) {
      return error;
    } finally {
      deadline.cancel();
      this.#stream = undefined;
      connection?.close();
    }
  }

  #dial(): PeerConnection {
    const { clock, windows, limits } = this.#options;
    return new PeerConnection(this.peer.address, { clock, windows, ...limits });
  }

  /** Answers the version that the peer has picked. */
  #goUp({ response }: MessagesResponse, { min, max }: ProtocolVersions): number {
    if (response.case !== "helloAccepted" || this.#state !== "dialling") {
      throw new WireError("the peer answers with something that is not the acceptance of a hello");
    }
    const { protocolVersion } = response.value;
    if (protocolVersion < min || protocolVersion > max) {
      throw new WireError(`the peer picked protocol version ${protocolVersion}, which this node does not speak`);
    }
    this.#state = "up";
    this.#lossReported = false;
    this.#lastTrouble = undefined;
    this.#backoff.reset();
    this.#options.logger.info(`connected to node ${this.peer.id}`, { peer: this.peer.id, address: this.peer.address });
    return protocolVersion;
  }

  #goDown(trouble: unknown): void {
    this.#state = "pausing";
    this.#queue.clear();
    this.#logTrouble(trouble);
    this.#reportLoss();
  }

  #logTrouble(trouble: unknown): void {
    const reason = errorText(trouble);
    if (reason === this.#lastTrouble) return;
    this.#lastTrouble = reason;
    const fields = { peer: this.peer.id, address: this.peer.address };
    const refused = trouble instanceof ConnectError && refusals.has(trouble.code);
    if (refused) this.#options.logger.warn(`node ${this.peer.id} refuses this node: ${reason}`, fields);
    else this.#options.logger.info(`node ${this.peer.id} cannot be reached: ${reason}`, fields);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(this.#backoff.next(), resolve);
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #logTooLarge(message: Message, bytes: number): void {
    this.#options.logger.error(
      `dropped a message of about ${bytes} bytes to node ${this.peer.id}: at most ${this.#options.limits.messageBytes} fit`,
      { peer: this.peer.id, kind: message.kind },
    );
  }

  #reportLoss(): void {
    if (this.#lossReported) return;
    this.#lossReported = true;
    this.#options.onUnreachable();
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }
}
