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
  const status = fields.get("grpc-status");
  if (status === null) return new ConnectError("the call has ended without a status", Code.Internal);
  try {
    return findTrailerError(fields);
  } catch (error) {
    return unreadable(status, error);
  }
}

/** What the headers of a response say that a call failed with; undefined: messages, or trailers, follow. */
export function errorInHeaders(headers: IncomingHttpHeaders): ConnectError | undefined {
  const fields = toFields(headers);
  try {
    return validateResponse(Number(headers[":status"]), fields).headerError;
  } catch (error) {
    // It throws errors of its own for what is no response of gRPC, and others for what it cannot decode.
    const status = fields.get("grpc-status");
    return status === null || error instanceof ConnectError ? ConnectError.from(error) : unreadable(status, error);
  }
}

/** Whoever answers may be anything: what it says of its status is not always well formed. */
function unreadable(status: string, cause: unknown): ConnectError {
  const message = `the status of the call cannot be read: grpc-status is ${status}`;
  return new ConnectError(message, Code.Internal, undefined, undefined, cause);
}

function toFields(headers: IncomingHttpHeaders): Headers {
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) fields.append(name, each);
  }
  return fields;
}
