import type { DescMessage } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { ServerCall, StreamListener } from "@raftkv/grpc-stream";

/** What a service does with a stream, but for sending on it. */
export type StreamControl = Pick<ServerCall<DescMessage>, "end" | "pause" | "resume">;

interface ServedStreamOptions<Request> {
  /** Has the node listen. Throws a `ConnectError` where it takes no more streams. */
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

  /** Nothing is sent on it any more. */
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
