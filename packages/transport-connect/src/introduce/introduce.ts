import type { PeerConnection } from "../http2/peer-connection.ts";
import { raftClient } from "../http2/raft-client.ts";
import { decodeIntroduction, encodeIntroducer, type Introducer, type Introduction } from "./introduction.ts";

/** One introduction over a connection of its own, which it closes. Rejects if the peer cannot be reached in time. */
export async function introduce(
  connection: PeerConnection,
  from: Introducer,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Introduction> {
  try {
    return decodeIntroduction(await raftClient(connection).introduce(encodeIntroducer(from), { signal, timeoutMs }));
  } finally {
    connection.close();
  }
}
