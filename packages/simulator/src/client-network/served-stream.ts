import { ConnectError } from "@connectrpc/connect";
import type { StreamListener } from "@raftkv/grpc-stream";
import type { KvServices } from "@raftkv/kv-server";
import type { ExchangeRequest, ExchangeResponse } from "@raftkv/proto/kv";

interface ServedStreamOptions {
  readonly services: KvServices;
  readonly send: (response: ExchangeResponse) => void;
  /** The node has ended the stream. */
  readonly ended: (error: ConnectError | undefined) => void;
}

/** The node's end of one stream of `Exchange`. The network takes all that the node sends. */
export class ServedStream {
  readonly #ended: ServedStreamOptions["ended"];
  readonly #listener: StreamListener<ExchangeRequest> | undefined;
  /** What has come while the node takes nothing. */
  #held: ExchangeRequest[] | undefined;
  #isOver = false;

  constructor({ services, send, ended }: ServedStreamOptions) {
    this.#ended = ended;
    try {
      this.#listener = services.openExchange({
        send: (response) => {
          if (!this.#isOver) send(response);
          return true;
        },
        end: (error) => this.#end(error),
        pause: () => {
          this.#held ??= [];
        },
        resume: () => this.#resume(),
      });
    } catch (error) {
      this.#end(ConnectError.from(error));
    }
  }

  message(request: ExchangeRequest): void {
    if (this.#isOver) return;
    if (this.#held !== undefined) {
      this.#held.push(request);
      return;
    }
    try {
      this.#listener?.message(request);
    } catch (error) {
      this.#end(ConnectError.from(error));
    }
  }

  /** The client is gone. */
  close(error: ConnectError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener?.closed(error);
  }

  #end(error: ConnectError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended(error);
    queueMicrotask(() => this.#listener?.closed(error));
  }

  #resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    queueMicrotask(() => {
      for (const request of held) this.message(request);
    });
  }
}
