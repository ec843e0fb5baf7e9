import { describe, expect, it } from "vitest";
import { appendOf, command, LoneNode } from "./harness/lone-node.ts";

const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => command(from + at, 1));

describe("an append that tells a follower nothing new", () => {
  it("may bring the commit index all the same", () => {
    const node = new LoneNode({ id: 2 }).hear(1, appendOf(1, { entries: entries(1, 3), commit: 1 }));
    node.hear(1, appendOf(1, { prevIndex: 1, prevTerm: 1, commit: 3 }));
    expect(node.commit).toBe(3);
  });
});

describe("an append that begins before what the log still holds", () => {
  it("is taken from the commit index on", () => {
    const node = new LoneNode({ id: 2 }).hear(1, appendOf(1, { entries: entries(1, 4), commit: 4 }));
    node.node.flush();
    node.node.compact(3);
    node.takeSent();
    node.hear(1, appendOf(1, { prevIndex: 1, prevTerm: 1, entries: entries(2, 6) }));
    expect(node.status.last.index).toBe(6);
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ to: 1, message: { rejected: false, match: 6 } }]);
  });
});
