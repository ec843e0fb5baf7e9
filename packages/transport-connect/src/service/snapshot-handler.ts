import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type {
  InstallSnapshotRequest,
  InstallSnapshotResponse,
  OfferSnapshotRequest,
  OfferSnapshotResponse,
} from "@raftkv/proto/raft";
import type { Clock, SnapshotOffer } from "@raftkv/raft-core";
import { offerVersion } from "../codec/protocol-version.ts";
import { decodeSnapshotHeader, type SnapshotHeader } from "../codec/snapshot-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { toWire } from "../codec/wire-number.ts";
import { withDeadline } from "../deadline.ts";
import { errorText } from "../error-text.ts";
import type { Slots } from "../snapshot/slots.ts";
import { SnapshotReader } from "../snapshot/snapshot-reader.ts";
import { untilAborted } from "./abort-race.ts";
import type { Admission } from "./admission.ts";

export interface SnapshotHandlerOptions {
  readonly admission: Admission;
  readonly slots: Slots;
  readonly offers: Slots;
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
  const header = await readHeader(iterator, options);
  const { handler } = options.admission.admit(header.hello);
  const release = options.slots.take();
  try {
    const { offset } = header;
    const requestsUntilAborted = abortable(iterator, context.signal);
    const reader = new SnapshotReader(requestsUntilAborted, offset, options.clock, options.progressTimeoutMs);
    await answered(handler.snapshot({ ...offerOf(header), offset, read: () => reader.chunks() }));
    if (!reader.isWhole) throw new ConnectError("the snapshot was not read to its end", Code.Aborted);
    return { $typeName: "raftkv.raft.v1.InstallSnapshotResponse" };
  } finally {
    release();
  }
}

/** How much of a snapshot the node holds, before it is sent. */
export async function handleOffer(
  { header: wire }: OfferSnapshotRequest,
  { admission, offers }: Pick<SnapshotHandlerOptions, "admission" | "offers">,
): Promise<OfferSnapshotResponse> {
  if (wire === undefined) throw new WireError("offer_snapshot_request.header is missing");
  const header = decodeSnapshotHeader(wire);
  const { handler, version } = admission.admit(header.hello);
  if (version < offerVersion) throw new ConnectError("it is of a later version", Code.Unimplemented);
  const release = offers.take();
  try {
    const held = await answered(handler.offer(offerOf(header)));
    return { $typeName: "raftkv.raft.v1.OfferSnapshotResponse", heldBytes: toWire(held) };
  } finally {
    release();
  }
}

function offerOf({ hello, term, leader, metadata, content }: SnapshotHeader): SnapshotOffer {
  return { from: hello.fromNodeId, term, leader, metadata, content };
}

/** What the node has against a snapshot is an answer to its sender, not a fault of this call. */
async function answered<Result>(working: Promise<Result>): Promise<Result> {
  try {
    return await working;
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
