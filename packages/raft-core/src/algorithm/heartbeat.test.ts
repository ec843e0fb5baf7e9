import { expect, it } from "vitest";
import { LoneNode } from "./harness/lone-node.ts";

it("a round is one message to all who are told the same, which is written out once, and one for each other commit index", () => {
  const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
  const round = () => leader.tick(50).takeSentOf("heartbeatRequest");
  const [to2, to3] = round();
  expect(to3?.message).toBe(to2?.message);
  leader.propose("a");
  leader.acknowledge(2);
  expect(round().map(({ to, message }) => [to, message.commit])).toEqual([
    [2, 2],
    [3, 1],
  ]);
});
