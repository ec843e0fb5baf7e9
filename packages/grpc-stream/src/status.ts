import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { findTrailerError, setTrailerStatus, validateResponse } from "@connectrpc/connect/protocol-grpc";

/** How a call ended, as the trailers that end it. */
export function statusTrailers(error: ConnectError | undefined): OutgoingHttpHeaders {
  return Object.fromEntries(setTrailerStatus(new Headers(), error));
}

/** What trailers say that a call failed with; undefined: it went well. */
export function errorInTrailers(trailers: IncomingHttpHeaders): ConnectError | undefined {
  const fields = toFields(trailers);
  if (!fields.has("grpc-status")) return new ConnectError("the call has ended without a status", Code.Internal);
  return findTrailerError(fields);
}

/** What the headers of a response say that a call failed with; undefined: messages, or trailers, follow. */
export function errorInHeaders(headers: IncomingHttpHeaders): ConnectError | undefined {
  try {
    return validateResponse(Number(headers[":status"]), toFields(headers)).headerError;
  } catch (error) {
    return ConnectError.from(error);
  }
}

function toFields(headers: IncomingHttpHeaders): Headers {
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) fields.append(name, each);
  }
  return fields;
}
