import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerCall, StreamListener } from "@raftkv/grpc-stream";
import type { MessagesRequest, MessagesResponse, MessagesResponseSchema } from "@raftkv/proto/raft";
import type { Clock, Identity, Timer, TransportHandler } from "@raftkv/raft-core";
import { decodeHello } from "../codec/hello-codec.ts";
import { decodeMessage } from "../codec/message-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { toWire } from "../codec/wire-number.ts";
import type { Admission } from "./admission.ts";
import type { AnswerTo } from "./answers.ts";
import type { InboundStream } from "./inbound-streams.ts";

export interface MessagesListenerOptions {
  readonly admission: Pick<Admission, "admit" | "openStream">;
  readonly identity: () => Identity;
  readonly clock: Clock;
  readonly helloTimeoutMs: number;
  readonly answerTo: AnswerTo;
}

type Call = Pick<ServerCall<typeof MessagesResponseSchema>, "send" | "end">;

/** What was let in: who speaks, and who hears it. */
interface Admitted {
  readonly stream: InboundStream;
  readonly handler: TransportHandler;
}

/** One stream of messages from a peer, from its hello to its end. */
export class MessagesListener implements StreamListener<MessagesRequest> {
  readonly #call: Call;
  readonly #options: MessagesListenerOptions;
  readonly #helloDeadline: Timer;
  #admitted: Admitted | undefined;

  constructor(call: Call, options: MessagesListenerOptions) {
    const { clock, helloTimeoutMs } = options;
    this.#call = call;
    this.#options = options;
    this.#helloDeadline = clock.setTimer(helloTimeoutMs, () =>
      this.#end(new ConnectError(`no hello within ${helloTimeoutMs} ms`, Code.DeadlineExceeded)),
    );
  }

  message(request: MessagesRequest): void {
    try {
      if (this.#admitted === undefined) this.#admitted = this.#admit(request);
      else deliver(request, this.#admitted);
    } catch (error) {
      this.#end(this.#options.answerTo(error, false));
    }
  }

  /** One acceptance is all that is ever sent. */
  drained(): void {}

  ended(): void {
    if (this.#admitted === undefined) this.#end(this.#options.answerTo(noHello(), false));
    else this.#end();
  }

  closed(): void {
    this.#helloDeadline.cancel();
    const admitted = this.#admitted;
    this.#admitted = undefined;
    admitted?.stream.close();
  }

  #admit({ request }: MessagesRequest): Admitted {
    this.#helloDeadline.cancel();
    if (request.case !== "hello") throw noHello();
    const hello = decodeHello(request.value);
    const { admission, identity } = this.#options;
    const { handler, version } = admission.admit(hello);
    const stream = admission.openStream(hello);
    this.#call.send(helloAccepted(version, identity().incarnation));
    // Not from within whatever aborts it: that may be the admission of a newer stream, half done.
    stream.signal.addEventListener("abort", () =>
      queueMicrotask(() => this.#end(ConnectError.from(stream.signal.reason))),
    );
    return { stream, handler };
  }

  /** Nothing more is heard on the stream, whether or not the peer takes note. */
  #end(error?: ConnectError): void {
    this.#call.end(error);
    this.closed();
  }
}

/** Decoded whole before the first is delivered: a batch with a malformed message in it is not half true. */
function deliver({ request }: MessagesRequest, { stream, handler }: Admitted): void {
  if (request.case !== "batch") throw new WireError(`the stream has ${request.case ?? "nothing known"} for a batch`);
  for (const message of request.value.messages.map(decodeMessage)) {
    if (stream.signal.aborted) return;
    handler.message(stream.from, message);
  }
}

function noHello(): WireError {
  return new WireError("the stream does not begin with a hello");
}

function helloAccepted(protocolVersion: number, incarnation: number): MessagesResponse {
  return {
    $typeName: "raftkv.raft.v1.MessagesResponse",
    response: {
      case: "helloAccepted",
      value: {
        $typeName: "raftkv.raft.v1.HelloAccepted",
        protocolVersion,
        incarnation: toWire(incarnation),
      },
    },
  };
}
