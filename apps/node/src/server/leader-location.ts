import { ConnectError, type Interceptor } from "@connectrpc/connect";
import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { isWriteMethod } from "@raftkv/kv-server";
import { ErrorCode, ErrorDetailSchema } from "@raftkv/proto/kv";

const location = "location";

/** Puts the leader's URL for a refused write into the headers of the error. */
export const nameLeaderLocation: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    const [detail] = error instanceof ConnectError ? error.findDetails(ErrorDetailSchema) : [];
    const path = new URL(request.url).pathname;
    if (
      error instanceof ConnectError &&
      detail?.code === ErrorCode.NOT_LEADER &&
      detail.leader &&
      isWriteMethod(path)
    ) {
      error.metadata.set(location, `http://${detail.leader.address}${path}`);
    }
    throw error;
  }
};

/**
 * Makes such an error a redirect (status 307) where the protocol allows it, which is Connect's unary calls. The body
 * stays the error, so that a client that does not follow redirects still reads what happened.
 */
export function redirectToLeader(
  request: UniversalServerRequest,
  response: UniversalServerResponse,
): UniversalServerResponse {
  if (!response.header?.has(location)) return response;
  return isConnectUnary(request) ? { ...response, status: 307 } : response;
}

function isConnectUnary({ header }: UniversalServerRequest): boolean {
  return /^application\/(json|proto)\b/i.test(header.get("content-type") ?? "");
}
