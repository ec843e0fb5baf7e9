import { Code, ConnectError } from "@connectrpc/connect";
import type { InstallSnapshotRequest } from "@raftkv/proto/raft";
import type { StoredSnapshot } from "@raftkv/raft-core";
import { offerVersion } from "../codec/protocol-version.ts";
import {
  encodeSnapshotChunk,
  encodeSnapshotEnd,
  encodeSnapshotHeader,
  encodeSnapshotOffer,
  type SnapshotHeader,
} from "../codec/snapshot-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { fromWire } from "../codec/wire-number.ts";
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
  source: StoredSnapshot,
  signal: AbortSignal,
  options: SendSnapshotOptions,
): Promise<void> {
  try {
    if (header.hello.versions.max < offerVersion) {
      await sendRest(connection, { ...header, content: undefined }, source, signal, options);
      return;
    }
    const offset = await offerSnapshot(connection, header, signal, options.commitTimeoutMs);
    await sendRest(connection, { ...header, offset }, source, signal, options);
  } finally {
    connection.close();
  }
}

/** Resolves with how much of it the peer holds: nothing, where it is of a version that keeps nothing. */
async function offerSnapshot(
  connection: PeerConnection,
  header: SnapshotHeader,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<number> {
  try {
    const { heldBytes } = await raftClient(connection).offerSnapshot(encodeSnapshotOffer(header), {
      signal,
      timeoutMs,
    });
    const held = fromWire(heldBytes, "offer_snapshot_response.held_bytes");
    const bytes = header.content?.bytes ?? 0;
    if (held <= bytes) return held;
    throw new WireError(`offer_snapshot_response.held_bytes is ${held}, and the snapshot has ${bytes}`);
  } catch (error) {
    const isOld = error instanceof ConnectError && error.code === Code.Unimplemented;
    if (isOld && header.leader === header.hello.fromNodeId) return 0;
    throw error;
  }
}

async function sendRest(
  connection: PeerConnection,
  header: SnapshotHeader,
  source: StoredSnapshot,
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
  }
}

/** Pulled by the stream: each step shows that the one before has been written. */
async function* snapshotRequests(
  header: SnapshotHeader,
  source: StoredSnapshot,
  deadline: ProgressDeadline,
  commitTimeoutMs: number,
): AsyncGenerator<InstallSnapshotRequest, void, undefined> {
  yield encodeSnapshotHeader(header);
  let { offset } = header;
  for await (const piece of source.read(offset)) {
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
