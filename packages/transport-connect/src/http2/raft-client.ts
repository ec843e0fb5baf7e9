import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { RaftService } from "@raftkv/proto/raft";
import type { PeerConnection } from "./peer-connection.ts";

/** Answers between nodes are small; the largest is a formation with its membership. */
const maxResponseBytes = 1024 * 1024;

/** The raft service of the peer at the other end. gRPC framing costs about half of Connect's own on streams. */
export function raftClient(connection: PeerConnection): Client<typeof RaftService> {
  const transport = createGrpcTransport({
    baseUrl: connection.authority,
    sessionManager: connection,
    readMaxBytes: maxResponseBytes,
    acceptCompression: [],
  });
  return createClient(RaftService, transport);
}
