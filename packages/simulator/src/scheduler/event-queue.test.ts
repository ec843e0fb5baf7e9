import { seededRandom } from "@raftkv/raft-core/testing";
import { expect, it } from "vitest";
import { EventQueue } from "./event-queue.ts";

it("gives the events back by time, and in the order of scheduling within a moment", () => {
  const random = seededRandom(5);
  const queue = new EventQueue();
  const events = Array.from({ length: 500 }, (_, sequence) => ({
    at: Math.floor(random.next() * 50),
    sequence,
    run: () => {},
  }));
  for (const event of events) queue.push(event);
  const popped = events.map(() => queue.pop());
  expect(popped).toEqual([...events].sort((a, b) => a.at - b.at || a.sequence - b.sequence));
  expect(queue.pop()).toBeUndefined();
});
