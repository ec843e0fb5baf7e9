import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type MessagesRequest, MessagesRequestSchema, type MessagesResponse } from "@raftkv/proto/raft";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "../codec/message-codec.ts";
import { heartbeat } from "../testing/loopback.ts";
import { BatchEncoder } from "./batch-encoder.ts";
import { MessageQueue } from "./message-queue.ts";
import { PeerStream } from "./peer-stream.ts";

const hello = {
  versions: { min: 1, max: 2 },
  clusterId: "cluster",
  fromNodeId: 1,
  fromMemberId: "member-1",
  fromIncarnation: 1,
  fromAddress: undefined,
  toNodeId: 2,
  toMemberId: "member-2",
};

const acceptance: MessagesResponse = {
  $typeName: "raftkv.raft.v1.MessagesResponse",
  response: { case: undefined },
};

/** A stream over a call that only takes notes; `version` is what the peer picks. */
function started(version = 2) {
  const queue = new MessageQueue({ messages: 100, bytes: 10_000 });
  const stream = new PeerStream({
    hello,
    queue,
    batchBytes: 1000,
    encoder: new BatchEncoder(),
    accepted: () => version,
  });
  const call = {
    sent: [] as MessagesRequest[],
    hasRoom: true,
    cancelled: [] as ConnectError[],
    send(request: MessagesRequest): boolean {
      call.sent.push(request);
      return call.hasRoom;
    },
    sendEnvelope: (envelope: Uint8Array): boolean => call.send(decodeEnvelope(envelope)),
    cancel(reason: ConnectError): void {
      call.cancelled.push(reason);
    },
  };
  stream.start(call);
  const send = (round: number, bytes = 64): void => {
    queue.offer(heartbeat(round), bytes);
    stream.messagesQueued();
  };
  return { stream, queue, call, send, batches: () => call.sent.slice(1).map(messagesOf) };
}

function decodeEnvelope(envelope: Uint8Array): MessagesRequest {
  return fromBinary(MessagesRequestSchema, envelope.subarray(5));
}

function messagesOf({ request }: MessagesRequest): readonly unknown[] {
  if (request.case !== "batch") throw new Error("expected a batch");
  return request.value.messages.map(decodeMessage);
}

/** Microtasks run. */
async function turnEnds(): Promise<void> {
  await Promise.resolve();
}

describe("what a stream writes", () => {
  it("begins with the hello, and holds messages back until that is accepted", async () => {
    const { stream, call, send, batches } = started();
    send(1);
    await turnEnds();
    expect(call.sent).toMatchObject([{ request: { case: "hello", value: { clusterId: "cluster" } } }]);
    stream.message(acceptance);
    expect(batches()).toEqual([[heartbeat(1)]]);
  });

  it("is one batch for all that is sent in a turn, and further batches for what is too much", async () => {
    const { stream, send, batches } = started();
    stream.message(acceptance);
    for (const round of [1, 2, 3]) send(round, 400);
    expect(batches()).toEqual([]);
    await turnEnds();
    expect(batches()).toEqual([[heartbeat(1), heartbeat(2)], [heartbeat(3)]]);
    send(4);
    await turnEnds();
    expect(batches()).toHaveLength(3);
  });

  it("leaves out what the peer's version does not know", async () => {
    const { stream, call, queue, send } = started(0); // Every message of today is known from version 1 on.
    stream.message(acceptance);
    send(1);
    await turnEnds();
    expect(call.sent).toHaveLength(1);
    expect(queue.isEmpty).toBe(true);
  });

  it("waits in the queue while there is no room", async () => {
    const { stream, call, queue, send, batches } = started();
    stream.message(acceptance);
    call.hasRoom = false;
    for (const round of [1, 2, 3]) send(round, 400);
    await turnEnds();
    send(4);
    await turnEnds();
    expect(batches()).toHaveLength(1);
    expect(queue.isEmpty).toBe(false);
    call.hasRoom = true;
    stream.drained();
    expect(batches()).toEqual([
      [heartbeat(1), heartbeat(2)],
      [heartbeat(3), heartbeat(4)],
    ]);
  });
});

describe("its end", () => {
  it("says why, or that the peer has ended it", async () => {
    const why = new ConnectError("why", Code.Unavailable);
    const [failed, ended] = [started(), started()];
    failed.stream.closed(why);
    ended.stream.closed(undefined);
    expect(await failed.stream.ended).toBe(why);
    expect(await ended.stream.ended).toBeUndefined();
  });

  it("comes at once when it is cancelled, before there is a call too", async () => {
    const why = new ConnectError("why", Code.Unavailable);
    const { stream, call } = started();
    stream.cancel(why);
    expect(call.cancelled).toEqual([why]);
    expect(await stream.ended).toBe(why);
    const queue = new MessageQueue({ messages: 1, bytes: 1 });
    const unopened = new PeerStream({ hello, queue, batchBytes: 1, encoder: new BatchEncoder(), accepted: () => 2 });
    unopened.cancel(why);
    expect(await unopened.ended).toBe(why);
  });
});
