import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { ClusterService } from "@raftkv/proto/cluster";
import type { Clock } from "./clock.ts";
import type { Address } from "./endpoint.ts";
import { pause } from "./pause.ts";

/** One for all: streams come and go by the hundred while a cluster has no leader. */
export const closedByClient = new ConnectError("closed by the client", Code.Canceled);

/** The addresses of the members, as the node at the other end sees them; none where it cannot say. */
export async function membersOf(
  transport: Transport,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const over = new AbortController();
  try {
    // Without a client, which would be put together for this one call.
    const answer = transport.unary(ClusterService.method.status, signal, undefined, undefined, {});
    const status = await Promise.race([answer, pause(clock, timeoutMs, over.signal)]);
    return status?.message.members.map((member) => member.address) ?? [];
  } catch {
    return []; // Another node will tell, or the configured endpoints have to do.
  } finally {
    over.abort("over");
  }
}

/** Why a stream to the node has ended, in words; undefined: the node has ended it. */
export function describeEnd(address: Address, error: unknown): string {
  return error === undefined ? `${address} ended the stream` : `${address}: ${describe(error)}`;
}

function describe(error: unknown): string {
  if (!(error instanceof ConnectError)) return error instanceof Error ? error.message : String(error);
  if (error.code === Code.Unimplemented) return "serves no raftkv.kv.v1.KvService: is it a raftkv node?";
  return error.rawMessage;
}
