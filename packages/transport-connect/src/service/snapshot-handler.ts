import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { InstallSnapshotRequest, InstallSnapshotResponse } from "@raftkv/proto/raft";
import type { Clock, IncomingSnapshot, TransportHandler } from "@raftkv/raft-core";
import { decodeSnapshotHeader, type SnapshotHeader } from "../codec/snapshot-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { withDeadline } from "../deadline.ts";
import { errorText } from "../error-text.ts";
import type { Slots } from "../snapshot/slots.ts";
import { SnapshotReader } from "../snapshot/snapshot-reader.ts";
import { untilAborted } from "./abort-race.ts";
import type { Admission } from "./admission.ts";

export interface SnapshotHandlerOptions {
  readonly admission: Admission;
  readonly slots: Slots;
  readonly clock: Clock;
  readonly helloTimeoutMs: number;
  readonly progressTimeoutMs: number;
}

/** One snapshot from a peer. Answers only once the node has it durably. */
export async function handleSnapshot(
  requests: AsyncIterable<InstallSnapshotRequest>,
  context: HandlerContext,
  options: SnapshotHandlerOptions,
): Promise<InstallSnapshotResponse> {
  const iterator = requests[Symbol.asyncIterator]();
  const { hello, term, metadata } = await readHeader(iterator, options);
  const { handler } = options.admission.admit(hello);
  const release = options.slots.take();
  try {
    const reader = new SnapshotReader(abortable(iterator, context.signal), options.clock, options.progressTimeoutMs);
    await takeIn(handler, { from: hello.fromNodeId, term, metadata, read: () => reader.chunks() });
    if (!reader.isWhole) throw new ConnectError("the snapshot was not read to its end", Code.Aborted);
    return { $typeName: "raftkv.raft.v1.InstallSnapshotResponse" };
  } finally {
    release();
  }
}

/** What the node has against a snapshot is an answer to its sender, not a fault of this call. */
async function takeIn(handler: TransportHandler, incoming: IncomingSnapshot): Promise<void> {
  try {
    await handler.snapshot(incoming);
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new ConnectError(errorText(error), Code.Aborted, undefined, undefined, error);
  }
}

async function readHeader(
  iterator: AsyncIterator<InstallSnapshotRequest>,
  { clock, helloTimeoutMs }: SnapshotHandlerOptions,
): Promise<SnapshotHeader> {
  const late = (): Error => new ConnectError(`no header within ${helloTimeoutMs} ms`, Code.DeadlineExceeded);
  const first = await withDeadline(iterator.next(), clock, helloTimeoutMs, late);
  const request = first.done === true ? undefined : first.value.request;
  if (request?.case !== "header") throw new WireError("the snapshot's stream does not begin with a header");
  return decodeSnapshotHeader(request.value);
}

function abortable<T>(iterator: AsyncIterator<T>, signal: AbortSignal): AsyncIterator<T> {
  return { next: () => untilAborted(iterator.next(), signal) };
}
