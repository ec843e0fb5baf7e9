import { describe, expect, it } from "vitest";
import { appendOf, command, LoneNode, voteOf } from "../harness/lone-node.ts";

describe("5.5 follower and candidate crashes", () => {
  it("requests are idempotent: an append that arrives twice changes nothing, and is answered the same", () => {
    const node = new LoneNode({ id: 2 });
    const request = appendOf(1, { entries: [command(1, 1), command(2, 1)], commit: 1 });
    node.hear(1, request);
    const first = node.takeSent();
    const { log, status } = node;
    node.hear(1, request);
    expect(node.takeSent()).toEqual(first);
    expect([node.log, node.status]).toEqual([log, status]);
  });

  it("a follower that crashes before it answers takes the same request after its restart", () => {
    const node = new LoneNode({ id: 2 });
    node.node.fastDisk = false;
    const request = appendOf(1, { entries: [command(1, 1)] });
    node.hear(1, request);
    node.node.crash(0);
    node.node.fastDisk = true;
    node.node.restart();
    expect([node.term, node.log]).toEqual([0, []]);
    node.hear(1, request);
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: false, match: 1 } }]);
  });

  it("or one whose write made it, but not its answer", () => {
    const node = new LoneNode({ id: 2 });
    node.node.fastDisk = false;
    const request = appendOf(1, { entries: [command(1, 1)] });
    node.hear(1, request);
    node.node.crash(1);
    node.node.restart();
    expect([node.term, node.log]).toEqual([1, [1]]);
    node.hear(1, request);
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: false, match: 1 } }]);
  });

  it("a candidate that crashes comes back as a follower that knows its term and its vote", () => {
    const node = new LoneNode().campaign(2);
    node.node.crash(0);
    node.node.restart();
    expect(node.status).toMatchObject({ role: "follower", hardState: { term: 1, votedFor: 1 } });
    node.takeSent();
    node.hear(3, voteOf(1, { index: 0, term: 0 }));
    expect(node.takeSentOf("voteResponse")).toMatchObject([{ message: { granted: false } }]);
  });
});
