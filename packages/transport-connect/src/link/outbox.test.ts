import type { MessagesRequest } from "@raftkv/proto/raft";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "../codec/message-codec.ts";
import { heartbeat } from "../testing/loopback.ts";
import { MessageQueue } from "./message-queue.ts";
import { Outbox } from "./outbox.ts";

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

function outbox(): { outbox: Outbox; queue: MessageQueue; requests: AsyncGenerator<MessagesRequest> } {
  const queue = new MessageQueue({ messages: 100, bytes: 10_000 });
  const made = new Outbox(hello, queue, 1000);
  return { outbox: made, queue, requests: made.requests() };
}

function roundsOf(request: MessagesRequest | undefined): readonly unknown[] {
  if (request?.request.case !== "batch") throw new Error("expected a batch");
  return request.request.value.messages.map(decodeMessage);
}

/** The next request if it is there without anything else happening. */
async function atOnce(next: Promise<IteratorResult<MessagesRequest>>): Promise<boolean> {
  let settled = false;
  void next.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe("what a stream writes", () => {
  it("begins with the hello, and holds messages back until that is accepted", async () => {
    const { outbox: out, queue, requests } = outbox();
    queue.offer(heartbeat(1), 64);
    expect((await requests.next()).value).toMatchObject({
      request: { case: "hello", value: { clusterId: "cluster" } },
    });
    const next = requests.next();
    out.messagesQueued();
    expect(await atOnce(next)).toBe(false);
    out.accept(2);
    expect(roundsOf((await next).value)).toEqual([heartbeat(1)]);
  });

  it("is one batch for all that is sent in a turn, and further batches for what is too much", async () => {
    const { outbox: out, queue, requests } = outbox();
    out.accept(2);
    await requests.next();
    const next = requests.next();
    await atOnce(next);
    for (const round of [1, 2, 3]) {
      queue.offer(heartbeat(round), 400);
      out.messagesQueued();
    }
    expect(roundsOf((await next).value)).toEqual([heartbeat(1), heartbeat(2)]);
    expect(roundsOf((await requests.next()).value)).toEqual([heartbeat(3)]);
  });

  it("leaves out what the peer's version does not know", async () => {
    const { outbox: out, queue, requests } = outbox();
    queue.offer(heartbeat(1), 64);
    await requests.next();
    out.accept(0); // Every message of today is known from version 1 on.
    expect(roundsOf((await requests.next()).value)).toEqual([]);
    expect(queue.isEmpty).toBe(true);
  });

  it("ends when it is told to, with messages in the queue or without", async () => {
    const { outbox: out, queue, requests } = outbox();
    out.accept(2);
    await requests.next();
    const next = requests.next();
    await atOnce(next);
    queue.offer(heartbeat(1), 64);
    out.end();
    expect((await next).done).toBe(true);
  });
});
