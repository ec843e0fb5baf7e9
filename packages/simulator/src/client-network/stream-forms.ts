import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { StreamListener } from "@raftkv/grpc-stream";
import type { KvServices } from "@raftkv/kv-server";
import {
  type ExchangeRequest,
  ExchangeRequestSchema,
  type ExchangeResponse,
  ExchangeResponseSchema,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
  WatchResponseSchema,
} from "@raftkv/proto/kv";
import type { StreamControl } from "./served-stream.ts";

/** What goes over one kind of stream, and who serves it at a node. */
export interface StreamForm<Request, Response> {
  readonly encode: (request: Request) => Uint8Array;
  readonly decode: (response: Uint8Array) => Response;
  readonly open: (
    services: KvServices,
    control: StreamControl,
    send: (response: Uint8Array) => void,
  ) => StreamListener<Uint8Array>;
}

export const exchangeForm: StreamForm<ExchangeRequest, ExchangeResponse> = {
  encode: (request) => toBinary(ExchangeRequestSchema, request),
  decode: (response) => fromBinary(ExchangeResponseSchema, response),
  open: (services, control, send) => {
    const taken = (response: ExchangeResponse) => {
      send(toBinary(ExchangeResponseSchema, response));
      return true;
    };
    const listener = services.openExchange({ ...control, send: taken });
    return decoding(listener, (request) => fromBinary(ExchangeRequestSchema, request));
  },
};

export const watchForm: StreamForm<WatchRequest, WatchResponse> = {
  encode: (request) => toBinary(WatchRequestSchema, request),
  decode: (response) => fromBinary(WatchResponseSchema, response),
  open: (services, control, send) => {
    const taken = (responses: readonly (readonly Uint8Array[])[]) => {
      for (const pieces of responses) send(Buffer.concat(pieces));
      return true;
    };
    const listener = services.openWatch({ ...control, sendEncoded: taken });
    return decoding(listener, (request) => fromBinary(WatchRequestSchema, request));
  },
};

function decoding<Request>(
  listener: StreamListener<Request>,
  decode: (request: Uint8Array) => Request,
): StreamListener<Uint8Array> {
  return {
    message: (request) => listener.message(decode(request)),
    drained: () => listener.drained(),
    ended: () => listener.ended(),
    closed: (error) => listener.closed(error),
  };
}
