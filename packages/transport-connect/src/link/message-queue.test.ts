import { describe, expect, it } from "vitest";
import { heartbeat } from "../testing/loopback.ts";
import { MessageQueue } from "./message-queue.ts";

describe("the queue of a peer", () => {
  it("gives messages out in order, in batches bounded in bytes", () => {
    const queue = new MessageQueue({ messages: 10, bytes: 1000 });
    for (const round of [1, 2, 3]) expect(queue.offer(heartbeat(round), 40)).toBe(true);
    expect(queue.take(99)).toEqual([heartbeat(1), heartbeat(2)]);
    expect(queue.take(99)).toEqual([heartbeat(3)]);
    expect(queue.isEmpty).toBe(true);
    expect(queue.take(99)).toEqual([]);
  });

  it("gives out a message that is larger than a batch by itself", () => {
    const queue = new MessageQueue({ messages: 10, bytes: 1000 });
    queue.offer(heartbeat(1), 500);
    queue.offer(heartbeat(2), 1);
    expect(queue.take(99)).toEqual([heartbeat(1)]);
  });

  it("is bounded in number and in bytes, and has room again for what was taken or cleared", () => {
    const few = new MessageQueue({ messages: 2, bytes: 1000 });
    expect([1, 2, 3].map((round) => few.offer(heartbeat(round), 1))).toEqual([true, true, false]);
    few.take(1);
    expect(few.offer(heartbeat(4), 1)).toBe(true);

    const small = new MessageQueue({ messages: 10, bytes: 100 });
    expect([60, 40, 1].map((bytes) => small.offer(heartbeat(1), bytes))).toEqual([true, true, false]);
    small.take(60);
    expect([60, 1].map((bytes) => small.offer(heartbeat(1), bytes))).toEqual([true, false]);
    small.clear();
    expect(small.isEmpty).toBe(true);
    expect(small.offer(heartbeat(1), 5000)).toBe(true);
  });
});
