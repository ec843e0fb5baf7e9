import { Code, ConnectError } from "@connectrpc/connect";
import type { InstallSnapshotRequest } from "@raftkv/proto/raft";
import type { SnapshotSource } from "@raftkv/raft-core";
import {
  encodeSnapshotChunk,
  encodeSnapshotEnd,
  encodeSnapshotHeader,
  type SnapshotHeader,
} from "../codec/snapshot-codec.ts";
import type { PeerConnection } from "../http2/peer-connection.ts";
import { raftClient } from "../http2/raft-client.ts";
import { ProgressDeadline, type ProgressDeadlineOptions } from "./progress-deadline.ts";

const maxChunkBytes = 256 * 1024;

export interface SendSnapshotOptions extends Omit<ProgressDeadlineOptions, "onExpired"> {
  readonly commitTimeoutMs: number;
}

/**
 * Sends a snapshot over a connection of its own, so that its bytes never stand in the way of a heartbeat. Resolves once
 * the peer has it durably. Rejects if it was refused, broke off, or stood still for too long. Closes the connection,
 * not the source.
 */
export async function sendSnapshot(
  connection: PeerConnection,
  header: SnapshotHeader,
  source: SnapshotSource,
  signal: AbortSignal,
  options: SendSnapshotOptions,
): Promise<void> {
  const stalled = new AbortController();
  const deadline = new ProgressDeadline({
    ...options,
    onExpired: (timeoutMs) =>
      stalled.abort(new ConnectError(`the snapshot has made no progress for ${timeoutMs} ms`, Code.DeadlineExceeded)),
  });
  const requests = snapshotRequests(header, source, deadline, options.commitTimeoutMs);
  try {
    await raftClient(connection).installSnapshot(requests, { signal: AbortSignal.any([signal, stalled.signal]) });
  } finally {
    deadline.cancel();
    // Not awaited: if the source hangs, this does too. Lets the source's iterator clean up after a broken stream.
    requests.return(undefined).catch(() => {});
    connection.close();
  }
}

/** Pulled by the stream: each step shows that the one before has been written. */
async function* snapshotRequests(
  header: SnapshotHeader,
  source: SnapshotSource,
  deadline: ProgressDeadline,
  commitTimeoutMs: number,
): AsyncGenerator<InstallSnapshotRequest, void, undefined> {
  yield encodeSnapshotHeader(header);
  let offset = 0;
  for await (const piece of source.read()) {
    for (let start = 0; start < piece.byteLength; start += maxChunkBytes) {
      const chunk = piece.subarray(start, start + maxChunkBytes);
      deadline.progress();
      yield encodeSnapshotChunk(offset, chunk);
      offset += chunk.byteLength;
    }
  }
  deadline.progress(commitTimeoutMs);
  yield encodeSnapshotEnd(offset);
}
