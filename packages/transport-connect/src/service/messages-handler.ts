import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { MessagesRequest, MessagesResponse } from "@raftkv/proto/raft";
import type { Clock, Identity, Message, TransportHandler } from "@raftkv/raft-core";
import { decodeHello, type Hello } from "../codec/hello-codec.ts";
import { decodeMessage } from "../codec/message-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { toWire } from "../codec/wire-number.ts";
import { withDeadline } from "../deadline.ts";
import { untilAborted } from "./abort-race.ts";
import type { Admission } from "./admission.ts";
import type { InboundStream } from "./inbound-streams.ts";

export interface MessagesHandlerOptions {
  readonly admission: Admission;
  readonly identity: () => Identity;
  readonly clock: Clock;
  readonly helloTimeoutMs: number;
}

/** One stream of messages from a peer, from its hello to its end. */
export async function* handleMessages(
  requests: AsyncIterable<MessagesRequest>,
  context: HandlerContext,
  options: MessagesHandlerOptions,
): AsyncGenerator<MessagesResponse> {
  const iterator = requests[Symbol.asyncIterator]();
  const hello = await readHello(iterator, options);
  const { handler, version } = options.admission.admit(hello);
  const stream = options.admission.openStream(hello);
  try {
    yield helloAccepted(version, options.identity().incarnation);
    const ended = AbortSignal.any([stream.signal, context.signal]);
    await untilAborted(deliverAll(iterator, stream, handler), ended);
  } finally {
    stream.close();
  }
}

async function readHello(
  iterator: AsyncIterator<MessagesRequest>,
  { clock, helloTimeoutMs }: MessagesHandlerOptions,
): Promise<Hello> {
  const late = (): Error => new ConnectError(`no hello within ${helloTimeoutMs} ms`, Code.DeadlineExceeded);
  const first = await withDeadline(iterator.next(), clock, helloTimeoutMs, late);
  const request = first.done === true ? undefined : first.value.request;
  if (request?.case !== "hello") throw new WireError("the stream does not begin with a hello");
  return decodeHello(request.value);
}

async function deliverAll(
  iterator: AsyncIterator<MessagesRequest>,
  stream: InboundStream,
  handler: TransportHandler,
): Promise<void> {
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return;
    // Decoded whole before the first is delivered: a batch with a malformed message in it is not half true.
    for (const message of decodeBatch(next.value)) {
      if (stream.signal.aborted) return;
      handler.message(stream.from, message);
    }
  }
}

function decodeBatch({ request }: MessagesRequest): readonly Message[] {
  if (request.case !== "batch") throw new WireError(`the stream has ${request.case ?? "nothing known"} for a batch`);
  return request.value.messages.map(decodeMessage);
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
