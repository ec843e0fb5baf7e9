import { describe, expect, it } from "vitest";
import type { Input } from "../algorithm/input.ts";
import type { SnapshotSource } from "../ports/snapshot.ts";
import { StorageError } from "../ports/storage-error.ts";
import { BackgroundWork } from "./background-work.ts";
import { SnapshotSender } from "./snapshot-sender.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";

const membership = { voters: [1, 2, 3], outgoingVoters: [], learners: [], members: [] };

interface Transfer {
  readonly source: SnapshotSource;
  readonly to: number;
  readonly index: number;
  readonly signal: AbortSignal;
  readonly end: (error?: Error) => void;
}

/** A leader whose state is at index 40 and whose log begins after `base`; transfers end when the test says so. */
class Leader {
  readonly clock = new FakeClock();
  readonly inputs: Input[] = [];
  readonly transfers: Transfer[] = [];
  readonly failures: unknown[] = [];
  made = 0;
  base = 20;
  applied = 40;
  file: number | undefined;
  damage: Error | undefined;
  beforeSaving: () => void = () => {};
  readonly sender = new SnapshotSender({
    storage: {
      openSnapshot: async () => (this.file === undefined ? undefined : snapshotAt(this.file, this.damage)),
      saveSnapshot: async (source) => {
        for await (const chunk of source.read()) expect(chunk.length).toBe(1);
        this.beforeSaving();
        this.file = source.metadata.index;
        this.made += 1;
      },
    },
    transport: {
      sendSnapshot: (to, _term, source, signal) =>
        new Promise((resolve, reject) => {
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
    timeoutMs: 10_000,
    retryDelayMs: 100,
    feed: (input) => this.inputs.push(input),
    metadataAt: (index) => (index < this.base ? undefined : { index, term: 2, membership }),
    base: () => this.base,
  });
}

function snapshotAt(index: number, damage?: Error): SnapshotSource {
  return {
    metadata: { index, term: 2, membership },
    read: async function* () {
      if (damage !== undefined) throw damage;
      yield new Uint8Array(1);
    },
    close: async () => {},
  };
}

describe("sending a snapshot", () => {
  it("makes one file for all who need one at the same time", async () => {
    const leader = new Leader();
    leader.sender.send(2, 2);
    leader.sender.send(3, 2);
    leader.sender.send(3, 2);
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
      { kind: "snapshotSent", to: 2, at: { term: 2, index: 40 } },
      { kind: "snapshotSent", to: 3, at: { term: 2, index: 40 } },
    ]);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
  });

  it("takes the file that is there if the log goes on from it, and a new one if not", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.sender.send(2, 2);
    await leader.clock.settle();
    expect(leader.transfers[0]?.index).toBe(20);
    leader.base = 21;
    leader.sender.send(3, 2);
    await leader.clock.settle();
    expect(leader.transfers[1]?.index).toBe(40);
    expect(leader.sender.lowestIndexInUse()).toBe(20);
  });

  it("makes another one when compaction has overtaken the first", async () => {
    const leader = new Leader();
    leader.beforeSaving = () => {
      if (leader.made === 0) [leader.base, leader.applied] = [50, 60];
    };
    leader.sender.send(2, 2);
    await leader.clock.settle();
    expect(leader.made).toBe(2);
    expect(leader.transfers[0]?.index).toBe(60);
  });

  it("reports a failure only after a while, holding up no compaction meanwhile", async () => {
    const leader = new Leader();
    leader.sender.send(2, 2);
    await leader.clock.settle();
    leader.transfers[0]?.end(new Error("the stream broke"));
    await leader.clock.advance(99);
    expect(leader.inputs).toEqual([]);
    expect(leader.sender.lowestIndexInUse()).toBeGreaterThan(40);
    await leader.clock.advance(1);
    expect(leader.inputs).toEqual([{ kind: "snapshotSent", to: 2, at: undefined }]);
    expect(leader.failures).toEqual([]);
  });

  it("survives a failed disk of the follower, whose error a network within one process hands on as it is", async () => {
    const leader = new Leader();
    leader.sender.send(2, 2);
    await leader.clock.settle();
    leader.transfers[0]?.end(new StorageError("failed", "the follower's sync failed"));
    await leader.clock.advance(100);
    expect(leader.inputs).toEqual([{ kind: "snapshotSent", to: 2, at: undefined }]);
    expect(leader.failures).toEqual([]);
  });

  it("stops the node over a file of its own that is damaged, whatever the transport makes of it", async () => {
    const leader = new Leader();
    leader.file = 20;
    leader.damage = new StorageError("corrupt", "a checksum is wrong");
    leader.sender.send(2, 2);
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

  it("gives a follower up that does not take the snapshot in in time", async () => {
    const leader = new Leader();
    leader.sender.send(2, 2);
    await leader.clock.advance(9_999);
    expect(leader.transfers[0]?.signal.aborted).toBe(false);
    await leader.clock.advance(101);
    expect(leader.transfers[0]?.signal.aborted).toBe(true);
    expect(leader.inputs).toEqual([{ kind: "snapshotSent", to: 2, at: undefined }]);
  });

  it("ends with leadership, without a word to the algorithm", async () => {
    const leader = new Leader();
    leader.sender.send(2, 2);
    await leader.clock.settle();
    leader.sender.abortAll();
    expect(leader.transfers[0]?.signal.aborted).toBe(true);
    expect(leader.sender.lowestIndexInUse()).toBeUndefined();
    leader.sender.send(2, 4);
    await leader.clock.advance(1_000);
    expect(leader.transfers).toHaveLength(2);
    expect(leader.inputs).toEqual([]);
  });

  it("stops making a snapshot that nobody needs any more", async () => {
    const leader = new Leader();
    leader.sender.send(2, 2);
    leader.sender.abortAll();
    await leader.clock.settle();
    expect(leader.made).toBe(0);
    expect(leader.transfers).toEqual([]);
  });
});
