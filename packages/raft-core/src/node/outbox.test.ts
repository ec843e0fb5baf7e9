import { describe, expect, it } from "vitest";
import type { Outgoing } from "../algorithm/effects.ts";
import { Outbox } from "./outbox.ts";

function outboxTo(left: number[]): Outbox {
  return new Outbox({
    start: () => {},
    setPeers: () => {},
    send: (_to, message) => left.push(message.term),
    sendSnapshot: async () => {},
    close: async () => {},
  });
}

/** A message that is told apart by its term. */
function message(term: number, after?: number): Outgoing {
  const timeoutNow = { to: 2, message: { kind: "timeoutNowRequest", term } } as const;
  return after === undefined ? timeoutNow : { ...timeoutNow, after };
}

describe("the outbox", () => {
  it("lets go at once what waits for nothing, and what waits for a batch once that is persisted", () => {
    const left: number[] = [];
    const outbox = outboxTo(left);
    outbox.send([message(1, 1), message(2), message(3, 2)]);
    expect(left).toEqual([2]);
    outbox.persisted(1);
    expect(left).toEqual([2, 1]);
    outbox.persisted(2);
    expect(left).toEqual([2, 1, 3]);
    outbox.send([message(4, 2), message(5, 3)]);
    expect(left).toEqual([2, 1, 3, 4]);
  });

  it("keeps the order of what it holds", () => {
    const left: number[] = [];
    const outbox = outboxTo(left);
    outbox.send([message(1, 1), message(2, 3), message(3, 2)]);
    outbox.persisted(2);
    expect(left).toEqual([1]);
    outbox.persisted(3);
    expect(left).toEqual([1, 2, 3]);
  });

  it("loses what comes on top of ten thousand messages that wait for a disk that stands still", () => {
    const left: number[] = [];
    const outbox = outboxTo(left);
    for (let term = 1; term <= 10_001; term += 1) outbox.send([message(term, 1)]);
    outbox.send([message(0)]);
    outbox.persisted(1);
    expect(left).toHaveLength(10_001);
    expect(left.slice(0, 2)).toEqual([0, 1]);
    expect(left.at(-1)).toBe(10_000);
  });

  it("lets nothing leave once it is closed, neither new nor held", () => {
    const left: number[] = [];
    const outbox = outboxTo(left);
    outbox.send([message(1, 1)]);
    outbox.close();
    outbox.send([message(2), message(3, 1)]);
    outbox.persisted(1);
    expect(left).toEqual([]);
  });
});
