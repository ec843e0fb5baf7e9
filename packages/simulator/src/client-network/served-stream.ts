import { ConnectError } from "@connectrpc/connect";
import type { StreamListener } from "@raftkv/grpc-stream";

/** What a node does with a stream besides answering. */
export interface StreamControl {
  end(error?: ConnectError): void;
  pause(): void;
  resume(): void;
}

interface ServedStreamOptions<Request> {
  /** The node takes the stream. What it throws ends it. */
  readonly open: (control: StreamControl) => StreamListener<Request>;
  /** The node has ended the stream. */
  readonly ended: (error: ConnectError | undefined) => void;
}

/** The node's end of one stream. The network takes all that the node sends. */
export class ServedStream<Request> {
  readonly #ended: ServedStreamOptions<Request>["ended"];
  readonly #listener: StreamListener<Request> | undefined;
  /** What has come while the node takes nothing. */
  #held: Request[] | undefined;
  #isOver = false;

  constructor({ open, ended }: ServedStreamOptions<Request>) {
    this.#ended = ended;
    try {
      this.#listener = open({
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

  /** Nothing that the node says is to be heard any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  message(request: Request): void {
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
