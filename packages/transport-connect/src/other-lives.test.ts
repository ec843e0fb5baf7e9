import type { Message } from "@raftkv/raft-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { eventually, heartbeat, type LoopbackNode, type LoopbackOptions, startNode } from "./testing/loopback.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()));
});

async function node(id: number, options: LoopbackOptions = {}): Promise<LoopbackNode> {
  const started = await startNode(id, { saysAddress: true, ...options });
  open.push(started);
  return started;
}

/** Under the id 2, on another data directory than the member's. */
const otherLife = () => node(2, { identity: { memberId: "fresh" } });

function answer(round: number): Message {
  return { kind: "heartbeatResponse", term: 3, round };
}

describe("a node that took a member's place under its id, at one that does not know of it", () => {
  /** Node 1 has been away, and looks for the former node 2, which is gone. */
  async function lagging(): Promise<{ readonly one: LoopbackNode; readonly successor: LoopbackNode }> {
    const one = await node(1);
    const former = await startNode(2);
    await former.close();
    one.transport.setPeers([former.member]);
    const successor = await otherLife();
    successor.transport.setPeers([one.member]);
    return { one, successor };
  }

  it("is heard, and gets its answers: else its leadership would be lost on that node", async () => {
    const { one, successor } = await lagging();
    successor.transport.send(1, heartbeat(1));
    await eventually("the request", () => one.handler.messages.length > 0);
    expect(one.handler.messages).toEqual([{ from: 2, message: heartbeat(1) }]);
    one.transport.send(2, answer(1));
    await eventually("the answer", () => successor.handler.messages.length > 0);
    expect(successor.handler.messages).toEqual([{ from: 1, message: answer(1) }]);
  });

  it("has nothing counted that it answers, and is asked nothing: that is for the member", async () => {
    const { one, successor } = await lagging();
    successor.transport.send(1, answer(1));
    successor.transport.send(1, heartbeat(2));
    await eventually("the request", () => one.handler.messages.length > 0);
    expect(one.handler.messages).toEqual([{ from: 2, message: heartbeat(2) }]);
    one.transport.send(2, heartbeat(3));
    one.transport.send(2, answer(4));
    await eventually("the answer", () => successor.handler.messages.length > 0);
    expect(successor.handler.messages).toEqual([{ from: 1, message: answer(4) }]);
  });

  it("is the member as soon as the membership says so", async () => {
    const { one, successor } = await lagging();
    successor.transport.send(1, heartbeat(1));
    await eventually("the request", () => one.handler.messages.length > 0);
    one.transport.setPeers([successor.member]);
    await eventually("an answer that counts", () => {
      successor.transport.send(1, answer(2));
      return one.handler.messages.length > 1;
    });
    one.transport.send(2, heartbeat(3));
    await eventually("a request", () => successor.handler.messages.length > 0);
    expect(successor.handler.messages).toEqual([{ from: 1, message: heartbeat(3) }]);
  });
});

describe("a former self of a member, at one that knows better", () => {
  it("takes neither the member's stream nor its answers", async () => {
    const [one, two, former] = [await node(1), await node(2), await otherLife()];
    one.transport.setPeers([two.member]);
    two.transport.setPeers([one.member]);
    two.transport.send(1, heartbeat(1));
    await eventually("the member's request", () => one.handler.messages.length === 1);
    former.transport.setPeers([one.member]);
    former.transport.send(1, heartbeat(2));
    await eventually("the former self's request", () => one.handler.messages.length === 2);
    one.transport.send(2, answer(3));
    two.transport.send(1, answer(4));
    await eventually("the answer", () => two.handler.messages.length === 1);
    await eventually("the member's answer, on the stream that it had", () => one.handler.messages.length === 3);
    expect(one.handler.messages.at(-1)).toEqual({ from: 2, message: answer(4) });
    expect(former.handler.messages).toEqual([]);
    expect(two.logger.matching(/connected to node 1/)).toHaveLength(1);
  });
});
