import { RaftService } from "@raftkv/proto/raft";
import type { Message } from "@raftkv/raft-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startProxy } from "./testing/freezable-proxy.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

import {
  connectAll,
  eventually,
  heartbeat,
  type LoopbackNode,
  type LoopbackOptions,
  startListener,
  startNode,
  startSilentServer,
} from "./testing/loopback.ts";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()));
});

async function node(id: number, options?: LoopbackOptions): Promise<LoopbackNode> {
  const started = await startNode(id, options);
  open.push(started);
  return started;
}

function isConnected(from: LoopbackNode, to: number): boolean {
  return from.logger.matching(new RegExp(`connected to node ${to}`)).length > 0;
}

describe("messages", () => {
  it("arrive in order, each once, with their sender", async () => {
    const [one, two] = [await node(1), await node(2)];
    connectAll([one, two]);
    for (let round = 1; round <= 500; round += 1) one.transport.send(2, heartbeat(round));
    await eventually("500 messages", () => two.handler.messages.length >= 500);
    expect(two.handler.messages).toEqual(
      Array.from({ length: 500 }, (_, position) => ({ from: 1, message: heartbeat(position + 1) })),
    );
  });

  it("go both ways at once, to every peer", async () => {
    const nodes = [await node(1), await node(2), await node(3)];
    connectAll(nodes);
    for (const from of nodes) {
      for (const to of nodes) from.transport.send(to.member.id, heartbeat(from.member.id));
    }
    for (const { handler, member } of nodes) {
      await eventually("a message from each other node", () => handler.messages.length === 2);
      expect(handler.messages.map(({ from }) => from).sort()).toEqual([1, 2, 3].filter((id) => id !== member.id));
    }
  });

  it("carry entries that are larger than a batch", async () => {
    const [one, two] = [await node(1), await node(2)];
    connectAll([one, two]);
    const payload = new Uint8Array(3 * 1024 * 1024).map((_, position) => position % 251);
    const message: Message = {
      kind: "appendRequest",
      term: 3,
      prevIndex: 4,
      prevTerm: 2,
      commit: 4,
      entries: [{ kind: "command", term: 3, index: 5, payload }],
    };
    one.transport.send(2, message);
    await eventually("the message", () => two.handler.messages.length === 1);
    const [received] = two.handler.messages;
    if (received?.message.kind !== "appendRequest") throw new Error("expected an append request");
    const [entry] = received.message.entries;
    if (entry?.kind !== "command") throw new Error("expected a command");
    expect(entry.index).toBe(5);
    expect(Buffer.compare(entry.payload, payload)).toBe(0);
  });

  it("to a node that is no peer are dropped", async () => {
    const one = await node(1);
    one.transport.send(9, heartbeat(1));
    await one.transport.close();
    one.transport.send(9, heartbeat(1));
    expect(one.handler.unreachables).toEqual([]);
  });
});

describe("an outage", () => {
  it("is reported once, and ends when the peer is back on its port", async () => {
    const one = await node(1);
    const two = await startNode(2);
    connectAll([one, two]);
    await eventually("the first connection", () => isConnected(one, 2));
    await two.close();
    await eventually("the outage to be noticed", () => one.handler.unreachables.length > 0);
    for (let round = 0; round < 50; round += 1) one.transport.send(2, heartbeat(round));

    const port = Number(two.member.address.split(":")[1]);
    const again = await node(2, { port, identity: { incarnation: 2 } });
    again.transport.setPeers([one.member, two.member]);
    await eventually("a second connection", () => one.logger.matching(/connected to node 2/).length === 2);
    expect(one.handler.unreachables).toEqual([2]);
    one.transport.send(2, heartbeat(77));
    await eventually("the message", () => again.handler.messages.length > 0);
    expect(again.handler.messages).toEqual([{ from: 1, message: heartbeat(77) }]);
  });

  it("ends at once when the peer shows itself, however long the pause would last", async () => {
    const silent = await startSilentServer();
    await silent.close();
    const port = Number(silent.address.split(":")[1]);
    const one = await node(1, { limits: { reconnectMinMs: 600_000, reconnectMaxMs: 600_000 } });
    const member = { id: 2, address: silent.address, memberId: "member-2" };
    one.transport.setPeers([member]);
    await eventually("the outage", () => one.handler.unreachables.length === 1);
    const two = await node(2, { port });
    two.transport.setPeers([one.member]);
    await eventually("a connection", () => isConnected(one, 2));
  });

  it("is reported for a peer that accepts connections and says nothing", async () => {
    const silent = await startSilentServer();
    open.push(silent);
    const one = await node(1, { limits: { connectTimeoutMs: 100, queueMessages: 10 } });
    one.transport.setPeers([{ id: 2, address: silent.address, memberId: "member-2" }]);
    await eventually("the outage", () => one.handler.unreachables.length === 1);
    expect(one.logger.matching(/node 2 cannot be reached: .* within 100 ms/)).toHaveLength(1);
  });

  it("is noticed by pings when a peer falls silent, and ends on a new connection", async () => {
    const two = await node(2);
    const proxy = await startProxy(two.member.address);
    open.push(proxy);
    const one = await node(1, { limits: { pingIntervalMs: 20, pingTimeoutMs: 300, connectTimeoutMs: 500 } });
    one.transport.setPeers([{ ...two.member, address: proxy.address }]);
    two.transport.setPeers([one.member]);
    await eventually("a connection", () => isConnected(one, 2));
    proxy.freeze();
    await eventually("the outage", () => one.handler.unreachables.length === 1);
    expect(one.logger.matching(/node 2 cannot be reached: .* has not answered a ping for 300 ms/)).toHaveLength(1);
    proxy.thaw();
    await eventually("a second connection", () => one.logger.matching(/connected to node 2/).length === 2);
    one.transport.send(2, heartbeat(1));
    await eventually("the message", () => two.handler.messages.length === 1);
  });

  it("is reported when a peer takes no more than its windows hold, with bounded memory", async () => {
    const two = await node(2);
    const proxy = await startProxy(two.member.address);
    open.push(proxy);
    const one = await node(1, { limits: { queueBytes: 1_000_000, pingIntervalMs: 60_000 } });
    one.transport.setPeers([{ ...two.member, address: proxy.address }]);
    two.transport.setPeers([one.member]);
    await eventually("a connection", () => isConnected(one, 2));
    proxy.freeze();
    const payload = new Uint8Array(100_000);
    await eventually("the queue to overflow", () => {
      one.transport.send(2, {
        kind: "appendRequest",
        term: 1,
        prevIndex: 0,
        prevTerm: 0,
        commit: 0,
        entries: [{ kind: "command", term: 1, index: 1, payload }],
      });
      return one.handler.unreachables.length > 0;
    });
    expect(one.handler.unreachables).toEqual([2]);
  });

  it("is reported when the queue overflows, in number or in bytes", async () => {
    const silent = await startSilentServer();
    open.push(silent);
    const peer = { id: 2, address: silent.address, memberId: "member-2" };
    const few = await node(1, { limits: { queueMessages: 10, connectTimeoutMs: 60_000 } });
    few.transport.setPeers([peer]);
    for (let round = 0; round < 10; round += 1) few.transport.send(2, heartbeat(round));
    await Promise.resolve();
    expect(few.handler.unreachables).toEqual([]);
    for (let round = 0; round < 10; round += 1) few.transport.send(2, heartbeat(round));
    await Promise.resolve();
    expect(few.handler.unreachables).toEqual([2]);

    const small = await node(3, { limits: { queueBytes: 1000, connectTimeoutMs: 60_000 } });
    small.transport.setPeers([peer]);
    for (let round = 0; round < 20; round += 1) small.transport.send(2, heartbeat(round));
    await Promise.resolve();
    expect(small.handler.unreachables).toEqual([2]);
  });

  it("is reported for a message that no peer would read", async () => {
    const [one, two] = [await node(1, { limits: { messageBytes: 1000, batchBytes: 1000 } }), await node(2)];
    connectAll([one, two]);
    await eventually("a connection", () => isConnected(one, 2));
    one.transport.send(2, {
      kind: "appendRequest",
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      commit: 0,
      entries: [{ kind: "command", term: 1, index: 1, payload: new Uint8Array(1001) }],
    });
    one.transport.send(2, heartbeat(1));
    await eventually("the message after it", () => two.handler.messages.length === 1);
    expect(one.handler.unreachables).toEqual([2]);
    expect(one.logger.matching(/^error dropped a message of about 1089 bytes to node 2/)).toHaveLength(1);
  });
});

describe("peers", () => {
  it("that are taken out hear and are heard no more", async () => {
    const [one, two] = [await node(1), await node(2)];
    connectAll([one, two]);
    one.transport.send(2, heartbeat(1));
    two.transport.send(1, heartbeat(1));
    await eventually("a message each way", () => one.handler.messages.length + two.handler.messages.length === 2);
    one.transport.setPeers([]);
    const refusal = /^warn node 1 refuses this node: node 2 is not a member that this node knows/;
    await eventually("the refusal", () => two.logger.matching(refusal).length === 1);
    one.transport.send(2, heartbeat(2));
    two.transport.send(1, heartbeat(2));
    expect(two.handler.messages).toHaveLength(1);
    expect(one.handler.messages).toHaveLength(1);
  });

  it("that have moved are dialled at their new address", async () => {
    const [one, two, moved] = [await node(1), await node(2), await node(2)];
    connectAll([one, two]);
    moved.transport.setPeers([one.member]);
    await eventually("a connection", () => isConnected(one, 2));
    one.transport.setPeers([moved.member]);
    one.transport.send(2, heartbeat(5));
    await eventually("the message at the new address", () => moved.handler.messages.length === 1);
    expect(two.handler.messages).toEqual([]);
  });
});

describe("nodes of neighbouring versions", () => {
  it("go on in one that both speak, and in no other, whatever the peer picks", async () => {
    const listener = await startListener((router) => {
      router.service(RaftService, {
        async *messages() {
          yield { response: { case: "helloAccepted", value: { protocolVersion: 3, incarnation: 1n } } };
        },
      });
    });
    open.push({ close: () => listener.close(0) });
    const one = await node(1);
    one.transport.setPeers([{ id: 2, address: `127.0.0.1:${listener.port}`, memberId: "member-2" }]);
    const problem = /the peer picked protocol version 3, which this node does not speak/;
    await eventually("the end of the stream", () => one.logger.matching(problem).length > 0);
    expect(isConnected(one, 2)).toBe(false);
  });

  const oldest = { min: 1, max: 1 };
  const next = { min: 2, max: 3 };

  it.each([
    ["older with newer", oldest, { min: 1, max: 2 }],
    ["newer with the next", { min: 1, max: 2 }, next],
  ])("understand each other: %s", async (_, versions, newer) => {
    const [one, two] = [
      await node(1, { versions, saysAddress: true }),
      await node(2, { versions: newer, saysAddress: true }),
    ];
    connectAll([one, two]);
    one.transport.send(2, heartbeat(1));
    two.transport.send(1, heartbeat(2));
    await eventually("a message each way", () => one.handler.messages.length + two.handler.messages.length === 2);
    expect([...one.logger.lines, ...two.logger.lines].filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it("say so, both, where they have no version in common", async () => {
    const [one, two] = [await node(1, { versions: oldest }), await node(2, { versions: next })];
    connectAll([one, two]);
    const refused = (at: LoopbackNode, by: number, theirs: string, its: string) =>
      at.logger.matching(new RegExp(`node ${by} refuses this node: it speaks ${theirs} .* this node ${its}`)).length;
    await eventually("both refusals", () => {
      const first = refused(one, 2, "version 1", "versions 2 to 3");
      return first === 1 && refused(two, 1, "versions 2 to 3", "version 1") === 1;
    });
    expect(one.handler.messages).toEqual([]);
  });
});

describe("an introduction", () => {
  it("works before a cluster has formed, and carries the formation", async () => {
    const foundingMembership = {
      voters: [1, 2],
      outgoingVoters: [],
      learners: [],
      members: [
        { id: 1, address: "a:1", memberId: "x" },
        { id: 2, address: "b:2", memberId: "y" },
      ],
    };
    const formation = {
      clusterId: "c",
      membership: { ...foundingMembership, voters: [1] },
      foundingMembership,
      membershipCommitted: true,
      commitIndex: 17,
      electionTimeout: { minMs: 1_000, maxMs: 2_000 },
    };
    const mark = { index: 9, revision: 7, hash: 2n ** 64n - 1n };
    const told = {
      marks: [mark],
      revisionMarks: [{ ...mark, index: 0 }],
      whole: { index: 8, revision: 6, fingerprint: new Uint8Array(32).fill(3) },
    };
    const unformed = { clusterId: undefined };
    const one = await node(1, { identity: unformed, started: false });
    const two = await node(2, {
      introduction: { nodeId: 2, memberId: "y", formation, maxApplyVersion: 2, ...told },
      started: false,
    });
    const from = { nodeId: 1, memberId: "x" };
    const signal = new AbortController().signal;
    expect(await one.transport.introduce(two.member.address, from, signal)).toEqual({
      nodeId: 2,
      memberId: "y",
      formation,
      maxApplyVersion: 2,
      restoredIndex: 0,
      ...told,
    });
    expect(await two.transport.introduce(one.member.address, { nodeId: 2, memberId: "y" }, signal)).toEqual({
      nodeId: 1,
      memberId: "member-1",
      formation: undefined,
      maxApplyVersion: 1,
      restoredIndex: 0,
      marks: [],
      revisionMarks: [],
      whole: undefined,
    });
  });

  it("rejects when nobody answers, and when the address is none", async () => {
    const silent = await startSilentServer();
    open.push(silent);
    const one = await node(1, { limits: { introduceTimeoutMs: 100 } });
    const from = { nodeId: 1, memberId: "x" };
    const signal = new AbortController().signal;
    await expect(one.transport.introduce(silent.address, from, signal)).rejects.toThrow(/timed out/);
    await expect(one.transport.introduce("no address", from, signal)).rejects.toThrow(TypeError);
    await expect(one.transport.introduce(silent.address, from, AbortSignal.abort())).rejects.toThrow();
  });
});
