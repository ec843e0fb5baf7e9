import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { ClusterService } from "@raftkv/proto/cluster";
import { type ErrorDetail, ErrorDetailSchema } from "@raftkv/proto/kv";
import type { Address } from "./endpoint.ts";
import type { ClientPorts, NodeConnection } from "./ports.ts";
import { StallWatch } from "./stall-watch.ts";

export type ClusterClient = Client<typeof ClusterService>;

/** What became of one request to one node. */
export type NodeAnswer<T> =
  | { readonly kind: "answered"; readonly value: T }
  /** The node could not be reached: it has heard nothing of the request. */
  | { readonly kind: "notSent"; readonly reason: string }
  | { readonly kind: "refused"; readonly detail: ErrorDetail }
  /** The node does not know the request: it is of another version, or no raftkv node. */
  | { readonly kind: "unsupported"; readonly reason: string }
  /** Sent, and no answer that says what came of it. */
  | { readonly kind: "lost"; readonly reason: string };

export interface NodeCallOptions {
  readonly ports: ClientPorts;
  /** Gives the request up. */
  readonly signal: AbortSignal;
}

/** How long a node may take to accept a connection. */
export const connectTimeoutMs = 1_000;

/**
 * Asks one node over a connection of its own, and waits for the answer as long as the node shows signs of life. Never
 * rejects for what the node or the network does.
 */
export async function askNode<T>(
  address: Address,
  { ports, signal }: NodeCallOptions,
  send: (client: ClusterClient, signal: AbortSignal) => Promise<T>,
): Promise<NodeAnswer<T>> {
  let connection: NodeConnection;
  try {
    connection = await ports.connect(address, { clock: ports.clock, timeoutMs: connectTimeoutMs });
  } catch (error) {
    return { kind: "notSent", reason: error instanceof Error ? error.message : String(error) };
  }
  const stalled = new AbortController();
  const watch = new StallWatch(ports, {
    ping: (answered) =>
      connection.ping(() => {
        answered();
        watch.heard(); // A change may take long; a node that answers pings is not given up.
      }),
    stalled: (reason) => stalled.abort(reason),
  });
  try {
    if (signal.aborted) return { kind: "notSent", reason: "given up" };
    watch.start();
    const value = await send(
      createClient(ClusterService, connection.transport),
      AbortSignal.any([signal, stalled.signal]),
    );
    return { kind: "answered", value };
  } catch (error) {
    return failure(error, stalled.signal);
  } finally {
    watch.stop();
    connection.close();
  }
}

/** What is wrong, for messages. */
export function reasonOf(answer: Exclude<NodeAnswer<unknown>, { readonly kind: "answered" }>): string {
  return answer.kind === "refused" ? answer.detail.message : answer.reason;
}

function failure(error: unknown, stalled: AbortSignal): NodeAnswer<never> {
  if (!(error instanceof ConnectError)) throw error;
  const [detail] = error.findDetails(ErrorDetailSchema);
  if (detail !== undefined) return { kind: "refused", detail };
  if (stalled.aborted) return { kind: "lost", reason: String(stalled.reason) };
  if (error.code === Code.Unimplemented) {
    return { kind: "unsupported", reason: "does not know this request: is it a raftkv node of this version?" };
  }
  return { kind: "lost", reason: error.rawMessage };
}
