import { describe, expect, it } from "vitest";
import type { SnapshotOrder } from "../algorithm/effects.ts";
import type { Input } from "../algorithm/input.ts";
import type { StoredSnapshot } from "../ports/snapshot.ts";
import { StorageError } from "../ports/storage-error.ts";
import { BackgroundWork } from "./background-work.ts";
import { SnapshotSender } from "./snapshot-sender.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { Throttle } from "./throttle.ts";

const membership = { voters: [1, 2, 3], outgoingVoters: [], learners: [], members: [] };

interface Transfer {
  readonly source: StoredSnapshot;
  readonly to: number;
  readonly index: number;
  readonly signal: AbortSignal;
  readonly end: (error?: Error) => void;
}

/** A leader whose state is at index 40 and whose log begins after `base`; transfers end when the test says so. */
class Leader {
  readonly clock = new FakeClock();
  readonly inputs: Input[] = [];
  readonly moves: Extract<Input, { kind: "snapshotMoved" }>[] = [];
  readonly transfers: Transfer[] = [];
  readonly failures: unknown[] = [];
  made = 0;
  /** Sources that were opened and have not been closed. */
  opened = 0;
  base = 20;
  applied = 40;
  file: number | undefined;
  damage: Error | undefined;
  beforeSaving: () => void = () => {};
  readonly sender = new SnapshotSender({
    self: 1,
    storage: {
      openSnapshot: async () => {
        if (this.file === undefined) return undefined;
        this.opened += 1;
        const close = async () => {
          this.opened -= 1;
        };
        return { ...snapshotAt(this.file, this.damage), close };
      },
      saveSnapshot: async (source) => {
        for await (const chunk of source.read()) expect(chunk.length).toBe(1);
        this.beforeSaving();
        this.file = source.metadata.index;
        this.made += 1;
      },
    },
    transport: {
      sendSnapshot: (to, { source }, signal) =>
        new Promise<void>((resolve, reject) => {
          const end = (error?: Error) => (error === undefined ? resolve() : reject(error));
          signal.addEventListener("abort", () => end(new Error("aborted")));
          this.transfers.push({ to, index: source.metadata.index, source, signal, end });
        }),
    },
    stateMachine: {
      snapshot: async () => ({
        index: this.applied,
        read: async function* () {
          yield new Uint8Array(1);
        },
        close: async () => {},
      }),
    },
    clock: this.clock,
    work: new BackgroundWork((error) => this.failures.push(error)),
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    throttle: new Throttle(this.clock, Number.POSITIVE_INFINITY),
    timeoutMs: 10_000,
    reportIntervalMs: 100,
    retryDelayMs: 100,
    feed: (input) => {
      if (input.kind === "snapshotMoved") this.moves.push(input);
      else this.inputs.push(input);
    },
    metadataAt: (index) => (index < this.base ? undefined : { index, term: 2, membership }),
    base: () => this.base,
  });
}

const fileBytes = 40;

function snapshotAt(index: number, damage?: Error): StoredSnapshot {
  return {
    metadata: { index, term: 2, membership },
    content: { bytes: fileBytes, digest: `of ${index}` },
    read: async function* (from = 0) {
      if (damage !== undefined) throw damage;
      for (let byte = from; byte < fileBytes; byte += 10) yield new Uint8Array(10);
    },
    close: async () => {},
  };
}

/** As the leader of term 2; or, as a follower, for the leader. */
function orderFor(to: number, change: Partial<SnapshotOrder> = {}): SnapshotOrder {
  return { to, term: 2, leader: 1, atLeast: 0, ...change };
}

/** What the transport does with a source: takes so many pieces from `from` on. */
async function take(source: StoredSnapshot | undefined, from: number, pieces: number): Promise<void> {
  const chunks = source?.read(from)[Symbol.asyncIterator]();
  for (let piece = 0; piece < pieces; piece += 1) await chunks?.next();
}

describe("sending a snapshot", () => {
  it("makes one file for all who need one at the same time", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    leader.sender.send(orderFor(3));
    leader.sender.send(orderFor(3));
    expect(leader.sender.lowestIndexInUse()).toBe(0);
    await leader.clock.settle();
    expect(leader.made).toBe(1);
    expect(leader.transfers.map(({ to, index }) => [to, index])).toEqual([
      [2, 40],
      [3, 40],
    ]);
    expect(leader.sender.lowestIndexInUse()).toBe(40);
    for (const { end } of leader.transfers) end();
    await leader.clock.settle();
    expect(leader.inputs).toEqual([
      { kind: "snapshotSent", to: 2, at: { term: 2, index: 40 }, bytesSent: 0, bytes: fileBytes },
      { kind: "snapshotSent", to: 3, at: { term: 2, index: 40 }, bytesSent: 0, bytes: fileBytes },
    ]);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
  });

  it("takes the file that is there if the log goes on from it, and a new one if not", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    expect(leader.transfers[0]?.index).toBe(20);
    leader.base = 21;
    leader.sender.send(orderFor(3));
    await leader.clock.settle();
    expect(leader.transfers[1]?.index).toBe(40);
    expect(leader.sender.lowestIndexInUse()).toBe(20);
  });

  it("makes another one when compaction has overtaken the first", async () => {
    const leader = new Leader();
    leader.beforeSaving = () => {
      if (leader.made === 0) [leader.base, leader.applied] = [50, 60];
    };
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    expect(leader.made).toBe(2);
    expect(leader.transfers[0]?.index).toBe(60);
  });

  it("reports a failure only after a while, holding up no compaction meanwhile", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    leader.transfers[0]?.end(new Error("the stream broke"));
    await leader.clock.advance(99);
    expect(leader.inputs).toEqual([]);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
    await leader.clock.advance(1);
    expect(leader.inputs).toEqual([{ kind: "snapshotSent", to: 2, at: undefined, bytesSent: 0, bytes: fileBytes }]);
    expect(leader.failures).toEqual([]);
  });

  it("survives a failed disk of the follower, whose error a network within one process hands on as it is", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    leader.transfers[0]?.end(new StorageError("failed", "the follower's sync failed"));
    await leader.clock.advance(100);
    expect(leader.inputs).toEqual([{ kind: "snapshotSent", to: 2, at: undefined, bytesSent: 0, bytes: fileBytes }]);
    expect(leader.failures).toEqual([]);
  });

  it("stops the node over a file of its own that is damaged, whatever the transport makes of it", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.damage = new StorageError("corrupt", "a checksum is wrong");
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    const [transfer] = leader.transfers;
    await transfer?.source
      .read()
      [Symbol.asyncIterator]()
      .next()
      .catch(() => undefined);
    transfer?.end(new Error("the stream broke"));
    await leader.clock.settle();
    expect(leader.failures).toEqual([leader.damage]);
  });

  it("gives a follower up that takes nothing more in for so long, however long the whole may take", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    await leader.clock.advance(9_000);
    await take(leader.transfers[0]?.source, 0, 1);
    await leader.clock.advance(9_900);
    expect(leader.transfers[0]?.signal.aborted).toBe(false);
    await leader.clock.advance(200);
    expect(leader.transfers[0]?.signal.aborted).toBe(true);
    expect(leader.inputs).toEqual([{ kind: "snapshotSent", to: 2, at: undefined, bytesSent: 10, bytes: fileBytes }]);
  });

  it("tells how far it has come, from where it went on", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    await take(leader.transfers[0]?.source, 10, 2);
    await leader.clock.advance(100);
    expect(leader.moves).toEqual([{ kind: "snapshotMoved", to: 2, index: 20, bytesSent: 30, bytes: fileBytes }]);
    leader.transfers[0]?.end();
    await leader.clock.advance(1_000);
    expect(leader.moves).toHaveLength(1);
  });

  it("holds the log for one that broke off on the way, so that it can go on, and not for ever", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    await take(leader.transfers[0]?.source, 0, 2);
    leader.transfers[0]?.end(new Error("the stream broke"));
    await leader.clock.advance(9_999);
    expect(leader.sender.lowestIndexInUse()).toBe(20);
    await leader.clock.advance(1);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
  });

  it("holds the log no longer once the follower has it, though an earlier attempt broke off", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    await take(leader.transfers[0]?.source, 0, 2);
    leader.transfers[0]?.end(new Error("the stream broke"));
    await leader.clock.advance(100);
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    expect(leader.sender.lowestIndexInUse()).toBe(20);
    leader.transfers[1]?.end();
    await leader.clock.settle();
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
  });

  it("holds the log also where leadership ends while the next attempt waits", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    await take(leader.transfers[0]?.source, 0, 2);
    leader.transfers[0]?.end(new Error("the stream broke"));
    await leader.clock.settle();
    leader.sender.abortAll();
    expect(leader.sender.lowestIndexInUse()).toBe(20);
  });

  it("gives up what the log has outgrown, keeps nothing of it, and begins anew with a newer one", async () => {
    const leader = new Leader();
    leader.file = 20;
    for (const to of [2, 3]) leader.sender.send(orderFor(to));
    await leader.clock.settle();
    for (const { source } of leader.transfers) await take(source, 0, 2);
    leader.transfers[1]?.end(new Error("the stream broke"));
    await leader.clock.settle();
    leader.sender.letGo(20);
    expect(leader.transfers[0]?.signal.aborted).toBe(false);
    leader.sender.letGo(21);
    expect(leader.transfers[0]?.signal.aborted).toBe(true);
    await leader.clock.settle();
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
    await leader.clock.advance(100);
    expect(leader.inputs).toHaveLength(2);
    leader.base = 21;
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    expect(leader.transfers[2]?.index).toBe(40);
    expect(leader.sender.lowestIndexInUse()).toBe(40);
  });

  it("holds no log for one that is only being made where that has grown too long, and looks whether it still goes on", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    expect(leader.sender.lowestIndexInUse()).toBe(0);
    leader.sender.letGo(30);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
    [leader.base, leader.applied] = [30, 60];
    await leader.clock.settle();
    expect(leader.transfers[0]?.index).toBe(60);
    expect(leader.sender.lowestIndexInUse()).toBe(60);
  });

  it("leaves no file open, however it ends", async () => {
    const leader = new Leader();
    leader.file = 10;
    for (const to of [2, 3, 4]) leader.sender.send(orderFor(to));
    await leader.clock.settle();
    expect(leader.transfers.map(({ index }) => index)).toEqual([40, 40, 40]);
    expect(leader.opened).toBe(3);
    leader.transfers[0]?.end();
    leader.transfers[1]?.end(new Error("the stream broke"));
    leader.sender.abortAll();
    await leader.clock.settle();
    expect(leader.opened).toBe(0);
  });

  it("as a follower takes a file from which the leader's log goes on, whatever its own log holds", async () => {
    const follower = new Leader();
    follower.file = 20;
    follower.base = 30;
    follower.sender.send(orderFor(2, { leader: 3, atLeast: 20 }));
    await follower.clock.settle();
    expect(follower.transfers[0]?.index).toBe(20);
    follower.sender.send(orderFor(4, { leader: 3, atLeast: 21 }));
    await follower.clock.settle();
    expect(follower.transfers[1]?.index).toBe(40);
    follower.sender.send(orderFor(5, { leader: 3, atLeast: 41 }));
    await follower.clock.advance(200);
    expect(follower.transfers).toHaveLength(2);
    expect(follower.inputs).toMatchObject([{ kind: "snapshotSent", to: 5, at: undefined }]);
  });

  it("ends with leadership, without a word to the algorithm", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    await leader.clock.settle();
    leader.sender.abortAll();
    expect(leader.transfers[0]?.signal.aborted).toBe(true);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
    leader.sender.send(orderFor(2, { term: 4 }));
    await leader.clock.advance(1_000);
    expect(leader.transfers).toHaveLength(2);
    expect(leader.inputs).toEqual([]);
  });

  it("stops making a snapshot that nobody needs any more", async () => {
    const leader = new Leader();
    leader.sender.send(orderFor(2));
    leader.sender.abortAll();
    await leader.clock.settle();
    expect(leader.made).toBe(0);
    expect(leader.transfers).toEqual([]);
  });
});
