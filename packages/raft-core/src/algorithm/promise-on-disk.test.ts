import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode, voteOf } from "./harness/lone-node.ts";

const asking = (term: number) => ({ ...heartbeatOf(term), asksPromise: true }) as const;
const last = { index: 0, term: 0 };
let nowMs = 0;

function started(promiseMs?: number): LoneNode {
  nowMs = 0;
  const node = new LoneNode({ id: 2, term: 1, ...(promiseMs === undefined ? {} : { promiseMs }) });
  node.node.lookAtClock(() => nowMs);
  return node;
}

/** Whether it gives a vote in that term when its clock shows that. */
function votes(node: LoneNode, term: number, atMs: number): boolean | undefined {
  node.tick(atMs - nowMs);
  nowMs = atMs;
  node.takeSent();
  node.hear(3, voteOf(term, last));
  return node.takeSentOf("voteResponse")[0]?.message.granted;
}

describe("the longest promise that a node has given is on its disk (rule 16)", () => {
  it("before the first one leaves, and is not written again", () => {
    const node = started();
    node.node.fastDisk = false;
    node.hear(1, asking(1));
    expect([node.takeSent(), node.node.pendingWrites]).toEqual([[], 1]);
    node.node.persist(1);
    expect(node.takeSentOf("heartbeatResponse")).toMatchObject([{ message: { promiseMs: 150 } }]);
    expect(node.node.disk.hardState).toMatchObject({ promiseMs: 150 });
    node.hear(1, asking(1));
    expect([node.takeSent().length, node.node.pendingWrites]).toEqual([1, 0]);
  });

  it("so a restart with a shorter election timeout keeps quiet for as long as the old one, once", () => {
    const node = started(500);
    expect(votes(node, 2, 499)).toBe(false);
    expect(votes(node, 2, 500)).toBe(true);
  });

  it("and it is the shorter one with the next write after that, no sooner", () => {
    const node = started(500);
    nowMs = 499;
    node.hear(1, asking(1));
    node.hear(1, asking(2));
    expect(node.node.disk.hardState).toMatchObject({ term: 2, promiseMs: 500 });
    nowMs = 500;
    node.hear(1, asking(2));
    node.hear(1, asking(3));
    expect(node.node.disk.hardState).toMatchObject({ term: 3, promiseMs: 150 });
  });

  it("and one with a longer election timeout writes that down before it promises so", () => {
    const node = started(100);
    expect(votes(node, 2, 149)).toBe(false);
    node.hear(1, asking(1));
    expect(node.node.disk.hardState).toMatchObject({ promiseMs: 150 });
  });
});
