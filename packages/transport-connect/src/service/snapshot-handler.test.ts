import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { type InstallSnapshotRequest, RaftService } from "@raftkv/proto/raft";
import type { IncomingSnapshot, SnapshotMetadata, SnapshotShipment, StoredSnapshot } from "@raftkv/raft-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  encodeSnapshotChunk,
  encodeSnapshotEnd,
  encodeSnapshotHeader,
  encodeSnapshotOffer,
} from "../codec/snapshot-codec.ts";
import {
  connectAll,
  eventually,
  type LoopbackNode,
  type LoopbackOptions,
  RecordingHandler,
  startListener,
  startNode,
} from "../testing/loopback.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

import { helloFrom, ManualStream, rawPeer } from "../testing/raw-peer.ts";

const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()));
});

const metadata: SnapshotMetadata = {
  index: 40,
  term: 3,
  membership: {
    voters: [1, 2],
    outgoingVoters: [],
    learners: [],
    members: [
      { id: 1, address: "127.0.0.1:1", memberId: "member-1" },
      { id: 2, address: "127.0.0.1:2", memberId: "member-2" },
    ],
  },
};

/** As a leader of protocol version 1 sends it. */
const header = { term: 3, leader: 1, metadata, content: undefined, offset: 0 };

function sourceOf(...chunks: readonly Uint8Array[]): StoredSnapshot {
  const whole = Buffer.concat(chunks);
  return {
    metadata,
    content: { bytes: whole.byteLength, digest: createHash("sha256").update(whole).digest("hex") },
    async *read(from = 0) {
      yield whole.subarray(from);
    },
    close: async () => {},
  };
}

/** Sent by node 1, the leader of term 3. */
function shipped(source: StoredSnapshot): SnapshotShipment {
  return { term: 3, leader: 1, source };
}

async function pair(options: LoopbackOptions = {}): Promise<readonly [LoopbackNode, LoopbackNode]> {
  const nodes = [await startNode(1, options), await startNode(2, options)] as const;
  open.push(...nodes);
  connectAll(nodes);
  return nodes;
}

const never = new AbortController().signal;

async function errorOf(work: Promise<unknown>): Promise<ConnectError> {
  try {
    await work;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("it was expected to fail");
}

describe("a snapshot", () => {
  it("arrives whole, in chunks of at most 256 KiB", async () => {
    const [one, two] = await pair();
    const bytes = new Uint8Array(1_000_003).map((_, position) => position % 253);
    await one.transport.sendSnapshot(2, shipped(sourceOf(bytes.subarray(0, 700_000), bytes.subarray(700_000))), never);
    const [received] = two.handler.snapshots;
    expect(received?.incoming).toMatchObject({ from: 1, leader: 1, term: 3, metadata, offset: 0 });
    expect(Buffer.compare(received?.bytes ?? new Uint8Array(), bytes)).toBe(0);
  });

  it("may be empty", async () => {
    const [one, two] = await pair();
    await one.transport.sendSnapshot(2, shipped(sourceOf()), never);
    expect(two.handler.snapshots[0]?.bytes.byteLength).toBe(0);
  });

  it("is answered only once the receiver has it durably", async () => {
    let finish: () => void = () => {};
    const handler = new RecordingHandler();
    const durable = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = {
      message: () => {},
      unreachable: () => {},
      offer: async () => 0,
      snapshot: async (incoming: IncomingSnapshot) => {
        await handler.snapshot(incoming);
        await durable;
      },
    };
    const one = await startNode(1);
    const two = await startNode(2, { handler: slow });
    open.push(one, two);
    connectAll([one, two]);
    let answered = false;
    const sending = one.transport.sendSnapshot(2, shipped(sourceOf(Uint8Array.of(1))), never).then(() => {
      answered = true;
    });
    await eventually("the bytes", () => handler.snapshots.length === 1);
    expect(answered).toBe(false);
    finish();
    await sending;
  });

  it("fails with the receiver's reason, the source's, or the signal", async () => {
    const refusing = new RecordingHandler();
    refusing.snapshot = async () => {
      throw new Error("index 50 is committed here already");
    };
    const one = await startNode(1);
    const two = await startNode(2, { handler: refusing });
    open.push(one, two);
    connectAll([one, two]);
    const refusal = await errorOf(one.transport.sendSnapshot(2, shipped(sourceOf(Uint8Array.of(1))), never));
    expect(refusal.code).toBe(Code.Aborted);
    expect(refusal.rawMessage).toMatch(/index 50 is committed here already/);

    const [three, four] = await pair();
    const broken: StoredSnapshot = {
      ...sourceOf(),
      async *read() {
        yield Uint8Array.of(1);
        throw new Error("the disk is gone");
      },
    };
    expect((await errorOf(three.transport.sendSnapshot(2, shipped(broken), never))).message).toMatch(
      /the disk is gone/,
    );
    await errorOf(three.transport.sendSnapshot(2, shipped(sourceOf()), AbortSignal.abort()));
    expect(four.handler.snapshots).toEqual([]);
    const unknown = await errorOf(three.transport.sendSnapshot(9, shipped(sourceOf()), never));
    expect(unknown.code).toBe(Code.NotFound);
  });

  it("that stands still is given up, by both", async () => {
    const [one, two] = await pair({ limits: { snapshotProgressTimeoutMs: 60 } });
    const stalled: StoredSnapshot = {
      ...sourceOf(),
      async *read() {
        yield Uint8Array.of(1);
        await new Promise(() => {});
      },
    };
    expect((await errorOf(one.transport.sendSnapshot(2, shipped(stalled), never))).rawMessage).toMatch(/60 ms/);
    expect(two.handler.snapshots).toEqual([]);
  });

  it("is refused when too many are under way", async () => {
    const [one, two] = await pair({ limits: { snapshots: 1 } });
    const peer = rawPeer(two.member.address);
    open.push(peer);
    const stalled: StoredSnapshot = {
      ...sourceOf(),
      async *read() {
        yield await new Promise<Uint8Array>(() => {});
      },
    };
    const reading = vi.spyOn(two.handler, "snapshot");
    const giveUp = new AbortController();
    const first = errorOf(one.transport.sendSnapshot(2, shipped(stalled), giveUp.signal));
    const refusedHere = await errorOf(one.transport.sendSnapshot(2, shipped(sourceOf()), never));
    expect(refusedHere.rawMessage).toBe("1 snapshots to other nodes are under way already");

    await eventually("the first to arrive", () => reading.mock.calls.length === 1);
    const stream = new ManualStream<InstallSnapshotRequest>();
    stream.push(encodeSnapshotHeader({ hello: helloFrom(1, two), ...header }));
    const refusedThere = await errorOf(peer.client.installSnapshot(stream));
    expect(refusedThere.code).toBe(Code.ResourceExhausted);
    expect(refusedThere.rawMessage).toBe("1 snapshots from other nodes are under way already");

    giveUp.abort();
    await first;
    await expect(reading.mock.results[0]?.value).rejects.toThrow();
    await one.transport.sendSnapshot(2, shipped(sourceOf()), never);
  });
});

describe("a snapshot's stream that is damaged is refused:", () => {
  const data = Uint8Array.of(1, 2, 3);
  const chunk = encodeSnapshotChunk(0, data);
  function chunkWith(change: { readonly checksum?: number; readonly offset?: bigint }): InstallSnapshotRequest {
    return {
      $typeName: "raftkv.raft.v1.InstallSnapshotRequest",
      request: {
        case: "chunk",
        value: { $typeName: "raftkv.raft.v1.SnapshotChunk", offset: 0n, data, checksum: crc32(data), ...change },
      },
    };
  }

  const damages: readonly (readonly [string, readonly InstallSnapshotRequest[], RegExp])[] = [
    ["a wrong checksum", [chunkWith({ checksum: 7 }), encodeSnapshotEnd(3)], /has checksum \d+, its sender says 7/],
    ["a gap", [chunk, encodeSnapshotChunk(4, data), encodeSnapshotEnd(7)], /offset is 4, expected 3/],
    ["a repeated chunk", [chunk, chunk, encodeSnapshotEnd(6)], /offset is 0, expected 3/],
    ["a wrong size", [chunk, encodeSnapshotEnd(4)], /has 3 bytes, its sender says 4/],
    ["no end", [chunk], /broke off after 3 bytes/],
    ["an offset beyond the safe integers", [chunkWith({ offset: 2n ** 63n })], /snapshot_chunk.offset is/],
  ];
  it.each(damages)("%s", async (_name, requests, reason) => {
    const [, two] = await pair();
    const peer = rawPeer(two.member.address);
    open.push(peer);
    const stream = new ManualStream<InstallSnapshotRequest>();
    stream.push(encodeSnapshotHeader({ hello: helloFrom(1, two), ...header }), ...requests);
    stream.end();
    const refusal = await errorOf(peer.client.installSnapshot(stream));
    expect(refusal.code).toBe(Code.InvalidArgument);
    expect(refusal.rawMessage).toMatch(reason);
    expect(two.handler.snapshots).toEqual([]);
  });

  it("a hello that is not true", async () => {
    const [, two] = await pair();
    const peer = rawPeer(two.member.address);
    open.push(peer);
    const stream = new ManualStream<InstallSnapshotRequest>();
    stream.push(encodeSnapshotHeader({ hello: helloFrom(1, two, { clusterId: "x" }), ...header }));
    expect((await errorOf(peer.client.installSnapshot(stream))).code).toBe(Code.FailedPrecondition);
  });
});

describe("offers of a snapshot", () => {
  it("are looked into so many at once, and more are refused: they cost nothing", async () => {
    const slow = new RecordingHandler();
    const answers: ((held: number) => void)[] = [];
    slow.offer = () => new Promise((resolve) => answers.push(resolve));
    const two = await startNode(2, { handler: slow, limits: { snapshots: 2 } });
    const one = await startNode(1);
    open.push(one, two);
    connectAll([one, two]);
    const peer = rawPeer(two.member.address);
    open.push(peer);
    const offer = encodeSnapshotOffer({
      hello: helloFrom(1, two),
      ...header,
      content: { bytes: 3, digest: "0".repeat(64) },
    });
    const first = [peer.client.offerSnapshot(offer), peer.client.offerSnapshot(offer)];
    await eventually("two offers", () => answers.length === 2);
    expect((await errorOf(peer.client.offerSnapshot(offer))).code).toBe(Code.ResourceExhausted);
    for (const answer of answers) answer(1);
    expect((await Promise.all(first)).map(({ heldBytes }) => heldBytes)).toEqual([1n, 1n]);
    const next = peer.client.offerSnapshot(offer);
    await eventually("a third one", () => answers.length === 3);
    answers[2]?.(2);
    expect((await next).heldBytes).toBe(2n);
  });
});

describe("a snapshot between nodes of different versions of the protocol", () => {
  it("from version 1 is the sender's own, and begins at the beginning", async () => {
    const [, two] = await pair();
    const peer = rawPeer(two.member.address);
    open.push(peer);
    const stream = new ManualStream<InstallSnapshotRequest>();
    const old = encodeSnapshotHeader({ hello: helloFrom(1, two), ...header });
    if (old.request.case === "header") old.request.value.leaderNodeId = 0n;
    stream.push(old, encodeSnapshotChunk(0, Uint8Array.of(1, 2)), encodeSnapshotEnd(2));
    stream.end();
    await peer.client.installSnapshot(stream);
    const [received] = two.handler.snapshots;
    expect(received?.incoming).toMatchObject({ from: 1, leader: 1, content: undefined, offset: 0 });
  });

  /** A listener that knows nothing of offers. */
  async function oldPeer(): Promise<{ readonly taken: number[]; readonly address: string }> {
    const taken: number[] = [];
    const listener = await startListener((router) => {
      router.service(RaftService, {
        async installSnapshot(requests) {
          for await (const { request } of requests) {
            if (request.case === "chunk") taken.push(Number(request.value.offset));
          }
          return {};
        },
      });
    });
    open.push({ close: () => listener.close(0) });
    return { taken, address: `127.0.0.1:${listener.port}` };
  }

  it("to version 1 is sent whole by the leader, and not at all on its behalf: who sends would be taken for it", async () => {
    const one = await startNode(1);
    open.push(one);
    const { address, taken } = await oldPeer();
    one.transport.setPeers([one.member, { id: 2, address, memberId: "member-2" }]);
    await one.transport.sendSnapshot(2, shipped(sourceOf(Uint8Array.of(1, 2, 3))), never);
    expect(taken).toEqual([0]);
    const onBehalf = { term: 3, leader: 3, source: sourceOf(Uint8Array.of(1, 2, 3)) };
    const refusal = await errorOf(one.transport.sendSnapshot(2, onBehalf, never));
    expect(refusal.code).toBe(Code.Unimplemented);
    expect(taken).toEqual([0]);
  });

  it("is refused where its receiver claims to hold more than there is", async () => {
    const boastful = new RecordingHandler();
    boastful.offer = async () => 4;
    const one = await startNode(1);
    const two = await startNode(2, { handler: boastful });
    open.push(one, two);
    connectAll([one, two]);
    await expect(one.transport.sendSnapshot(2, shipped(sourceOf(Uint8Array.of(1, 2, 3))), never)).rejects.toThrow(
      "held_bytes is 4, and the snapshot has 3",
    );
    expect(boastful.snapshots).toEqual([]);
  });
});
