import { isDeepStrictEqual } from "node:util";
import { Code, ConnectError } from "@connectrpc/connect";
import type { MessagesRequest, MessagesResponse } from "@raftkv/proto/raft";
import type { Message } from "@raftkv/raft-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeHello, type Hello } from "../codec/hello-codec.ts";
import { encodeMessage } from "../codec/message-codec.ts";
import {
  eventually,
  heartbeat,
  type LoopbackNode,
  type LoopbackOptions,
  RecordingHandler,
  startNode,
} from "../testing/loopback.ts";
import { helloFrom, helloRequest, ManualStream, type RawPeer, rawPeer } from "../testing/raw-peer.ts";
import { MessagesListener } from "./messages-listener.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

let node: LoopbackNode;
let peer: RawPeer;

beforeEach(() => restart());
afterEach(() => stop());

async function restart(options: LoopbackOptions = {}): Promise<void> {
  node = await startNode(1, options);
  // A node learns who its peers are when it starts.
  if (options.started !== false) node.transport.setPeers([{ id: 2, address: "127.0.0.1:1", memberId: "member-2" }]);
  peer = rawPeer(node.member.address);
}

async function stop(): Promise<void> {
  peer.close();
  await node.close();
}

function batch(...rounds: readonly number[]): MessagesRequest {
  return {
    $typeName: "raftkv.raft.v1.MessagesRequest",
    request: {
      case: "batch",
      value: {
        $typeName: "raftkv.raft.v1.MessageBatch",
        messages: rounds.map((round) => encodeMessage(heartbeat(round))),
      },
    },
  };
}

/** Opens a stream; what it answers, or how it ends, comes from the iterator. */
function openStream(first: MessagesRequest): {
  readonly requests: ManualStream<MessagesRequest>;
  readonly responses: AsyncIterator<MessagesResponse>;
} {
  const requests = new ManualStream<MessagesRequest>();
  requests.push(first);
  return { requests, responses: peer.client.messages(requests)[Symbol.asyncIterator]() };
}

async function refusalOf(first: MessagesRequest): Promise<ConnectError> {
  try {
    await openStream(first).responses.next();
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the stream was accepted");
}

describe("a hello", () => {
  it("that is true is accepted, with version and incarnation", async () => {
    const answer = await openStream(helloRequest(helloFrom(2, node))).responses.next();
    expect(answer.value).toMatchObject({
      response: { case: "helloAccepted", value: { protocolVersion: 2, incarnation: 1n } },
    });
  });

  const lies: readonly (readonly [string, Partial<Hello>, Code, RegExp])[] = [
    [
      "of another protocol version",
      { versions: { min: 3, max: 4 } },
      Code.FailedPrecondition,
      /speaks versions 3 to 4 .* this node versions 1 to 2: upgrade/,
    ],
    [
      "with an id that is none",
      { fromMemberId: "x".repeat(257) },
      Code.InvalidArgument,
      /hello\.from_member_id has 257/,
    ],
    ["with versions that go backwards", { versions: { min: 2, max: 1 } }, Code.InvalidArgument, /max_protocol_version/],
    [
      "with an address that is none",
      { fromAddress: "http://x" },
      Code.InvalidArgument,
      /from_address is not host:port/,
    ],
    ["in this node's own name", { fromNodeId: 1, fromAddress: "127.0.0.1:1" }, Code.PermissionDenied, /so is this one/],
    [
      "from another cluster",
      { clusterId: "other" },
      Code.FailedPrecondition,
      /cluster "other", this node to "cluster"/,
    ],
    ["for another node", { toNodeId: 3 }, Code.FailedPrecondition, /wants node 3, this is node 1/],
    ["for another data directory", { toMemberId: "old" }, Code.FailedPrecondition, /wants member "old"/],
    ["from no member, without an address", { fromNodeId: 4 }, Code.PermissionDenied, /node 4 is not a member/],
    [
      "from a wiped node, without an address",
      { fromMemberId: "fresh" },
      Code.PermissionDenied,
      /has to join as a new member/,
    ],
    ["with a node id that is none", { fromNodeId: 0 }, Code.InvalidArgument, /from_node_id is 0/],
  ];
  it.each(lies)("%s is refused", async (_name, lie, code, reason) => {
    const refusal = await refusalOf(helloRequest(helloFrom(2, node, lie)));
    expect(refusal.code).toBe(code);
    expect(refusal.rawMessage).toMatch(reason);
  });

  it("is refused by a node that belongs to no cluster yet, and by one that has not started", async () => {
    await stop();
    await restart({ identity: { clusterId: undefined } });
    expect((await refusalOf(helloRequest(helloFrom(2, node)))).rawMessage).toMatch(/does not belong to a cluster yet/);
    await stop();
    await restart({ started: false });
    expect((await refusalOf(helloRequest(helloFrom(2, node)))).rawMessage).toMatch(/is starting/);
  });

  it("that is missing, or late, ends the stream", async () => {
    expect((await refusalOf(batch(1))).rawMessage).toMatch(/does not begin with a hello/);
    await stop();
    await restart({ limits: { helloTimeoutMs: 50 } });
    const responses = peer.client.messages(new ManualStream<MessagesRequest>())[Symbol.asyncIterator]();
    await expect(responses.next()).rejects.toThrow(/no hello within 50 ms/);
  });

  it("that is refused again and again is logged once, and again when the reason changes", async () => {
    const from = (clusterId: string) => helloRequest(helloFrom(2, node, { clusterId }));
    for (const clusterId of ["x", "x", "x", "y", "y"]) await refusalOf(from(clusterId));
    expect(node.logger.matching(/^warn refused a stream from node 2/)).toEqual([
      'warn refused a stream from node 2: it belongs to cluster "x", this node to "cluster"',
      'warn refused a stream from node 2: it belongs to cluster "y", this node to "cluster"',
    ]);
  });
});

describe("a stream", () => {
  it("is replaced by a newer one of the same node, and then delivers nothing more", async () => {
    const older = openStream(helloRequest(helloFrom(2, node)));
    await older.responses.next();
    older.requests.push(batch(1));
    await eventually("the first message", () => node.handler.messages.length === 1);
    const newer = openStream(helloRequest(helloFrom(2, node, { fromIncarnation: 2 })));
    await newer.responses.next();
    older.requests.push(batch(2));
    newer.requests.push(batch(3));
    await expect(older.responses.next()).rejects.toThrow(/a newer stream has taken its place/);
    await eventually("the message on the newer stream", () => node.handler.messages.length === 2);
    expect(node.handler.messages.map(({ message }) => message)).toEqual([heartbeat(1), heartbeat(3)]);
  });

  it("of a life that is over is refused, also after the newer stream has ended", async () => {
    const newer = openStream(helloRequest(helloFrom(2, node, { fromIncarnation: 2 })));
    await newer.responses.next();
    newer.requests.end();
    expect((await newer.responses.next()).done).toBe(true);
    const refusal = await refusalOf(helloRequest(helloFrom(2, node, { fromIncarnation: 1 })));
    expect(refusal.rawMessage).toMatch(/incarnation 1 of node 2 is over: it has started again as 2/);
  });

  it.each([
    ["a term beyond the safe integers", { ...encodeMessage(heartbeat(1)), term: 2n ** 60n }, /message.term is/],
    [
      "a message of no known kind",
      { $typeName: "raftkv.raft.v1.Message", term: 1n, message: { case: undefined } },
      /of no kind that this version knows/,
    ],
  ] as const)("ends at %s, and delivers nothing of that batch", async (_name, malformed, reason) => {
    const { requests, responses } = openStream(helloRequest(helloFrom(2, node)));
    await responses.next();
    requests.push({
      $typeName: "raftkv.raft.v1.MessagesRequest",
      request: {
        case: "batch",
        value: { $typeName: "raftkv.raft.v1.MessageBatch", messages: [encodeMessage(heartbeat(1)), malformed] },
      },
    });
    await expect(responses.next()).rejects.toThrow(reason);
    expect(node.handler.messages).toEqual([]);
    expect(node.logger.matching(/^warn closed a peer's stream/)).toHaveLength(1);
  });

  it("ends at a second hello", async () => {
    const { requests, responses } = openStream(helloRequest(helloFrom(2, node)));
    await responses.next();
    requests.push({
      $typeName: "raftkv.raft.v1.MessagesRequest",
      request: { case: "hello", value: encodeHello(helloFrom(2, node)) },
    });
    await expect(responses.next()).rejects.toThrow(/has hello for a batch/);
  });

  it("that breaks in the middle leaves the node well, and no error in its log", async () => {
    const { requests, responses } = openStream(helloRequest(helloFrom(2, node)));
    await responses.next();
    requests.push(batch(1));
    peer.close();
    await expect(responses.next()).rejects.toThrow();
    peer = rawPeer(node.member.address);
    const again = openStream(helloRequest(helloFrom(2, node)));
    await again.responses.next();
    again.requests.push(batch(2));
    const second = heartbeat(2);
    await eventually("the message", () =>
      node.handler.messages.some(({ message }) => isDeepStrictEqual(message, second)),
    );
    expect(node.logger.matching(/^(warn|error)/)).toEqual([]);
  });
});

describe("of a stream whose end is near", () => {
  it("nothing more is heard, not even the rest of a batch; and a hello that came in time has no deadline", () => {
    const stream = new AbortController();
    const heard: unknown[] = [];
    const timers = new Set<() => void>();
    const handler = Object.assign(new RecordingHandler(), {
      message: (_: number, message: Message) => {
        heard.push(message);
        stream.abort(new ConnectError("a newer stream has taken its place", Code.Aborted));
      },
    });
    const listener = new MessagesListener(
      { send: () => true, end: () => {} },
      {
        admission: {
          admit: () => ({ handler, version: 2 }),
          openStream: () => ({ from: 2, signal: stream.signal, close: () => {} }),
        },
        identity: () => ({ nodeId: 1, memberId: "member-1", incarnation: 1, clusterId: "cluster" }),
        clock: {
          now: () => 0,
          setTimer: (_, callback) => {
            timers.add(callback);
            return { cancel: () => timers.delete(callback) };
          },
        },
        helloTimeoutMs: 50,
        answerTo: (error) => ConnectError.from(error),
      },
    );
    expect(timers.size).toBe(1);
    listener.message(helloRequest(helloFrom(2, node)));
    expect(timers.size).toBe(0);
    listener.message(batch(1, 2));
    expect(heard).toEqual([heartbeat(1)]);
  });
});
