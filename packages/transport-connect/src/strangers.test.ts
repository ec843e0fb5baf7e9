import { isDeepStrictEqual } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  connectAll,
  eventually,
  heartbeat,
  type LoopbackNode,
  type LoopbackOptions,
  startNode,
} from "./testing/loopback.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

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

describe("a node that says where it is", () => {
  const saysAddress = true;

  it("is heard and answered by one that does not know it as a member, as long as it is there", async () => {
    const voter = await node(1);
    const candidate = await node(4, { saysAddress });
    voter.transport.setPeers([]);
    candidate.transport.setPeers([voter.member]);
    candidate.transport.send(1, heartbeat(1));
    await eventually("the request", () => voter.handler.messages.length === 1);
    expect(voter.handler.messages).toEqual([{ from: 4, message: heartbeat(1) }]);
    expect(voter.transport.peer(4)).toEqual(candidate.member);
    // It knows whom it asked, so its answer needs no address.
    voter.transport.send(4, heartbeat(2));
    await eventually("the answer", () => candidate.handler.messages.length === 1);

    voter.transport.setPeers([candidate.member]);
    candidate.transport.send(1, heartbeat(3));
    voter.transport.send(4, heartbeat(4));
    await eventually("what follows when it has become a member", () => candidate.handler.messages.length === 2);
    await eventually("what follows when it has become a member", () => voter.handler.messages.length === 2);
    expect(isConnected(voter, 4)).toBe(true);
    expect(voter.logger.matching(/connected to node 4/)).toHaveLength(1);
  });

  it("is heard and answered by one that knows its id with another data directory, and counted for nothing", async () => {
    const vote = { kind: "voteResponse", term: 1, granted: true } as const;
    const [behind, former] = [await node(1), await node(3)];
    const leader = await node(3, { saysAddress, identity: { memberId: "member-3-fresh" } });
    connectAll([behind, former]);
    await eventually("the member that is known", () => isConnected(behind, 3));
    leader.transport.setPeers([behind.member]);
    leader.transport.send(1, vote);
    leader.transport.send(1, heartbeat(1));
    await eventually("the question", () => behind.handler.messages.length === 1);
    expect(behind.handler.messages).toEqual([{ from: 3, message: heartbeat(1) }]);
    behind.transport.send(3, { kind: "heartbeatResponse", term: 1, round: 1 });
    await eventually("the answer", () => leader.handler.messages.length === 1);

    // The member with that id is spoken to as before, and its stream has not been ended.
    behind.transport.send(3, heartbeat(2));
    former.transport.send(1, vote);
    await eventually("a question to the member", () => former.handler.messages.length === 1);
    await eventually("a vote of the member", () => behind.handler.messages.length === 2);

    // Once it is the member, what it says counts.
    behind.transport.setPeers([leader.member]);
    leader.transport.send(1, vote);
    behind.transport.send(3, heartbeat(3));
    await eventually("its vote", () => behind.handler.messages.length === 3);
    await eventually("a question to it", () => leader.handler.messages.length === 2);
    expect(former.handler.messages).toHaveLength(1);
  });

  it("is answered no more once the member with its id has asked something", async () => {
    const [one, two] = [await node(1), await node(2)];
    const former = await node(2, { saysAddress, identity: { memberId: "member-2-former" } });
    connectAll([one, two]);
    former.transport.setPeers([one.member]);
    former.transport.send(1, heartbeat(1));
    await eventually("a connection to the stranger", () => one.logger.matching(/connected to node 2/).length === 2);
    await eventually("the stranger's question", () => one.handler.messages.length === 1);
    two.transport.send(1, heartbeat(2));
    await eventually("the member's question", () => one.handler.messages.length === 2);
    one.transport.send(2, { kind: "heartbeatResponse", term: 1, round: 2 });
    await eventually("the answer", () => two.handler.messages.length === 1);
    expect(former.handler.messages).toEqual([]);
  });

  it("asks for votes beside the member that has its id, each under its data directory, and is answered so", async () => {
    const [voter, former] = [await node(1), await node(3)];
    const fresh = await node(3, { saysAddress, identity: { memberId: "member-3-fresh" } });
    connectAll([voter, former]);
    fresh.transport.setPeers([voter.member]);
    const ask = (term: number) =>
      ({ kind: "voteRequest", term, lastIndex: 9, lastTerm: 3, leadershipTransfer: false }) as const;
    const granted = (term: number) => ({ kind: "voteResponse", term, granted: true }) as const;
    former.transport.send(1, ask(5));
    await eventually("the question of the member", () => voter.handler.messages.length === 1);
    fresh.transport.send(1, ask(5));
    await eventually("the question of the other one", () => voter.handler.messages.length === 2);
    expect(voter.handler.memberIds).toEqual(["member-3", "member-3-fresh"]);
    voter.transport.send(3, granted(5), "member-3");
    await eventually("the vote for the member", () => former.handler.messages.length === 1);
    voter.transport.send(3, granted(6), "member-3-fresh");
    await eventually("the vote for the other one", () => fresh.handler.messages.length === 1);
    voter.transport.send(3, granted(7), "nobody");
    voter.transport.send(3, granted(8), "member-3");
    await eventually("another vote for the member", () => former.handler.messages.length === 2);
    expect([former, fresh].map(({ handler }) => handler.messages.map(({ message }) => message))).toEqual([
      [granted(5), granted(8)],
      [granted(6)],
    ]);
  });

  it("is remembered no longer than its stream, also when another takes its place", async () => {
    const voter = await node(1);
    voter.transport.setPeers([]);
    const first = await startNode(4, { saysAddress, identity: { incarnation: 5 } });
    first.transport.setPeers([voter.member]);
    await eventually("a stream of the first", () => isConnected(first, 1));
    await node(4, { saysAddress, identity: { memberId: "another" } }).then(({ transport }) =>
      transport.setPeers([voter.member]),
    );
    await eventually("its end", () => first.logger.matching(/node 1 cannot be reached/).length > 0);
    await first.close();
    const again = await node(4, { saysAddress, identity: { incarnation: 1 } });
    again.transport.setPeers([voter.member]);
    await eventually("a stream of one that was restored from a copy", () => isConnected(again, 1));
  });

  it("is dialled no more when its stream has ended", async () => {
    const voter = await node(1);
    const candidate = await startNode(4, { saysAddress });
    voter.transport.setPeers([]);
    candidate.transport.setPeers([voter.member]);
    await eventually("a connection each way", () => isConnected(voter, 4) && isConnected(candidate, 1));
    await candidate.close();
    const again = await node(5, { saysAddress, port: Number(candidate.member.address.split(":")[1]) });
    again.transport.setPeers([voter.member]);
    await eventually("the next stranger", () => isConnected(voter, 5));
    voter.transport.send(4, heartbeat(1));
    voter.transport.send(5, heartbeat(2));
    await eventually("a message to the next stranger", () => again.handler.messages.length === 1);
    expect(again.handler.messages).toEqual([{ from: 1, message: heartbeat(2) }]);
    expect(again.logger.matching(/refused a stream/)).toEqual([]);
  });

  it("is one of few: more than that are refused until one of them goes", async () => {
    const voter = await node(1, { limits: { strangers: 1 } });
    voter.transport.setPeers([]);
    const first = await startNode(4, { saysAddress });
    first.transport.setPeers([voter.member]);
    await eventually("a stream of the first", () => isConnected(first, 1));
    const second = await node(5, { saysAddress });
    second.transport.setPeers([voter.member]);
    const full = /node 1 cannot be reached: .*1 nodes that are no members have streams/;
    await eventually("the refusal of the second", () => second.logger.matching(full).length > 0);
    await first.close();
    await eventually("a stream of the second", () => isConnected(second, 1));
  });

  it("may have been found there by others, while nobody has heard from it", async () => {
    const one = await node(1);
    const old = await node(2, { started: false });
    const moved = await node(2);
    moved.transport.setPeers([one.member]);
    one.transport.setPeers([old.member]);
    one.transport.found({ nodeId: 2, memberId: "somebody-else" }, "127.0.0.1:1");
    one.transport.found({ nodeId: 2, memberId: "member-2" }, moved.member.address);
    await eventually("a connection to where it was found", () => isConnected(one, 2));
    one.transport.send(2, heartbeat(1));
    await eventually("the message", () => moved.handler.messages.length === 1);
  });

  it("is reached there, not where the membership has it, until the membership says something new", async () => {
    const one = await node(1, { saysAddress });
    const old = await node(2, { started: false });
    const moved = await node(2, { saysAddress });
    one.transport.setPeers([old.member]);
    moved.transport.setPeers([one.member]);
    one.transport.send(2, heartbeat(1));
    await eventually("a connection to the new address", () => isConnected(one, 2));
    one.transport.send(2, heartbeat(2));
    await eventually("the message", () => moved.handler.messages.length > 0);
    expect(old.handler.messages).toEqual([]);

    // The membership has caught up, and later knows better.
    one.transport.setPeers([moved.member]);
    one.transport.send(2, heartbeat(3));
    const third = { from: 1, message: heartbeat(3) };
    await eventually("the message after that", () =>
      moved.handler.messages.some((heard) => isDeepStrictEqual(heard, third)),
    );
    const elsewhere = await node(2);
    elsewhere.transport.setPeers([]);
    one.transport.setPeers([elsewhere.member]);
    one.transport.send(2, heartbeat(4));
    await eventually("the message at the newest address", () => elsewhere.handler.messages.length === 1);
  });
});
