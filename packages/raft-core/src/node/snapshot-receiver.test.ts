import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Input } from "../algorithm/input.ts";
import type { IncomingSnapshot, SnapshotOffer } from "../ports/raft-transport.ts";
import type { PartialSnapshot } from "../ports/snapshot.ts";
import { StorageError } from "../ports/storage-error.ts";
import { BackgroundWork } from "./background-work.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";

const membership = { voters: [1, 2], outgoingVoters: [], learners: [], members: [] };
const content = { bytes: 2, digest: "of two bytes" };
const offer: SnapshotOffer = { from: 2, leader: 2, term: 3, metadata: { index: 50, term: 3, membership }, content };
const incoming: IncomingSnapshot = {
  ...offer,
  offset: 0,
  read: async function* () {
    yield new Uint8Array([1]);
    yield new Uint8Array([2]);
  },
};

/** A follower at term 3 whose log ends at index 10, all of it committed and durable. */
class Follower {
  term = 3;
  commit = 10;
  durable = 10;
  last = 10;
  restoring = false;
  stopped = false;
  readonly inputs: Input[] = [];
  readonly files: string[] = [];
  readonly failures: unknown[] = [];
  commitFailure: Error | undefined;
  partial: PartialSnapshot | undefined;
  readonly receiver = new SnapshotReceiver({
    storage: {
      receiveSnapshot: async ({ from }) => ({
        write: async ([byte]) => {
          this.files.push(`write ${byte}`);
          this.partial = { metadata: incoming.metadata, content, bytes: from + 1 };
        },
        commit: async () => {
          if (this.commitFailure !== undefined) throw this.commitFailure;
          this.files.push("commit");
        },
        suspend: async () => {
          this.files.push("suspend");
        },
        abort: async () => {
          this.files.push("abort");
        },
      }),
      partialSnapshot: async () => this.partial,
      removePartialSnapshot: async () => {
        this.files.push("remove partial");
        this.partial = undefined;
      },
      removeSnapshotsBelow: async (index) => {
        this.files.push(`remove below ${index}`);
      },
    },
    work: new BackgroundWork((error) => this.failures.push(error)),
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    feed: (input) => this.inputs.push(input),
    status: () => ({
      hardState: { term: this.term, votedFor: undefined, commit: this.commit },
      durable: this.durable,
      last: { term: this.term, index: this.last },
    }),
    restoring: () => this.restoring,
    stopped: () => this.stopped,
    fail: (error) => this.failures.push(error),
  });

  /** Until the snapshot has been put to the algorithm. */
  async offered(): Promise<void> {
    for (let turn = 0; turn < 100 && this.inputs.length === 0; turn += 1) await Promise.resolve();
    expect(this.inputs).toEqual([{ kind: "snapshotReceived", from: 2, term: 3, metadata: incoming.metadata }]);
  }
}

/** What has become of a promise so far. */
async function stateOf(promise: Promise<unknown>): Promise<"open" | "resolved" | "rejected"> {
  const settled = promise.then(
    () => "resolved" as const,
    () => "rejected" as const,
  );
  return Promise.race([settled, new Promise<"open">((resolve) => setImmediate(() => resolve("open")))]);
}

describe("a snapshot from the leader", () => {
  it("counts once its file is durable and the log's reset is", async () => {
    const follower = new Follower();
    const received = follower.receiver.receive(incoming);
    await follower.offered();
    expect(follower.files).toEqual(["write 1", "write 2", "commit"]);
    follower.receiver.accepted();
    follower.receiver.decided();
    expect(await stateOf(received)).toBe("open");
    follower.receiver.replaced();
    expect(await stateOf(received)).toBe("resolved");
  });

  it("counts at once where the log turns out to hold all of it", async () => {
    const follower = new Follower();
    const received = follower.receiver.receive(incoming);
    await follower.offered();
    follower.last = follower.durable = follower.commit = 60;
    follower.receiver.decided();
    await received;
    expect(follower.files).not.toContain("remove below 51");
  });

  it("does not count, and leaves no file ahead of the log, where the algorithm declines", async () => {
    const follower = new Follower();
    const received = follower.receiver.receive(incoming);
    await follower.offered();
    follower.receiver.decided();
    await expect(received).rejects.toThrow("not taken over");
    expect(follower.files.at(-1)).toBe("remove below 51");
  });

  it("leaves no file behind that was declined, however long the log is that it would have replaced", async () => {
    const follower = new Follower();
    follower.last = follower.durable = 400;
    const received = follower.receiver.receive(incoming);
    await follower.offered();
    follower.receiver.decided();
    await expect(received).rejects.toThrow("not taken over");
    expect(follower.files.at(-1)).toBe("remove below 51");
  });

  it("that is committed here already is not read, but acknowledged: its sender may never have heard", async () => {
    const follower = new Follower();
    follower.commit = 50;
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("50 is committed here already");
    expect(follower.files).toEqual([]);
    await follower.offered();
  });

  it("does not count while what the log holds of it is not durable", async () => {
    const follower = new Follower();
    const received = follower.receiver.receive(incoming);
    await follower.offered();
    follower.last = follower.commit = 60;
    follower.receiver.decided();
    await expect(received).rejects.toThrow("not taken over");
  });

  it("is refused from an earlier term, below the commit index, and beside another one", async () => {
    const follower = new Follower();
    follower.term = 4;
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("led in term 3; it is 4 now");
    follower.term = 3;
    follower.commit = 50;
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("50 is committed here already");
    follower.inputs.length = 0;
    follower.commit = 10;
    follower.restoring = true;
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("another snapshot");
    follower.restoring = false;
    const first = follower.receiver.receive(incoming);
    await expect(follower.receiver.receive({ ...incoming, from: 3 })).rejects.toThrow("another snapshot");
    await follower.offered();
    follower.receiver.accepted();
    follower.receiver.replaced();
    await first;
  });

  it("that breaks off is kept as far as it came, and the next is welcome", async () => {
    const follower = new Follower();
    const broken: IncomingSnapshot = {
      ...incoming,
      read: async function* () {
        yield new Uint8Array([1]);
        throw new Error("the stream broke");
      },
    };
    await expect(follower.receiver.receive(broken)).rejects.toThrow("the stream broke");
    expect(follower.files).toEqual(["write 1", "suspend"]);
    expect(follower.failures).toEqual([]);
    const next = follower.receiver.receive(incoming);
    await follower.offered();
    follower.receiver.accepted();
    follower.receiver.replaced();
    await next;
  });

  it("with more bytes than were announced is refused at once, and nothing of it is kept", async () => {
    const follower = new Follower();
    let asked = 0;
    const endless: IncomingSnapshot = {
      ...incoming,
      read: async function* () {
        for (; asked < 1_000; asked += 1) yield new Uint8Array([1]);
      },
    };
    await expect(follower.receiver.receive(endless)).rejects.toThrow("more than the 2 bytes");
    expect(asked).toBe(2);
    expect(follower.files).toEqual(["write 1", "write 1", "abort"]);
    const goesOn: IncomingSnapshot = { ...endless, offset: 1 };
    asked = 0;
    await expect(follower.receiver.receive(goesOn)).rejects.toThrow("more than the 2 bytes");
    expect(follower.files.slice(3)).toEqual(["write 1", "abort"]);
    expect(follower.failures).toEqual([]);
  });

  it("is not held in memory while it comes in", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const follower = new Follower();
    const [chunks, chunkBytes] = [64, 1024 * 1024];
    let most = 0;
    const large: IncomingSnapshot = {
      ...incoming,
      content: { bytes: chunks * chunkBytes, digest: "of many bytes" },
      read: async function* () {
        for (let chunk = 0; chunk < chunks; chunk += 1) {
          yield new Uint8Array(chunkBytes).fill(1);
          await new Promise((resolve) => setImmediate(resolve));
          if (chunk % 16 !== 15) continue;
          collect();
          most = Math.max(most, process.memoryUsage().arrayBuffers);
        }
      },
    };
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const received = follower.receiver.receive(large);
    while (follower.inputs.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(most - before).toBeLessThan((chunks * chunkBytes) / 2);
    follower.receiver.accepted();
    follower.receiver.replaced();
    await received;
  });

  it("whose place another takes may become whole all the same: that one is not welcome then", async () => {
    const follower = new Follower();
    let last: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      last = resolve;
    });
    const slow: IncomingSnapshot = {
      ...incoming,
      read: async function* () {
        yield new Uint8Array([1]);
        await gate;
      },
    };
    const first = follower.receiver.receive(slow);
    while (follower.partial === undefined) await Promise.resolve();
    last();
    // Its end has been read, and nobody has taken note of that yet.
    for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
    const second = follower.receiver.receive({ ...incoming, metadata: { ...incoming.metadata, index: 40 } });
    const refused = expect(second).rejects.toThrow(/another snapshot|is committed here already/);
    await Promise.race([first.catch(() => undefined), follower.offered()]);
    follower.receiver.accepted();
    follower.restoring = true;
    follower.receiver.replaced();
    await Promise.allSettled([first]);
    await refused;
    expect(follower.files.filter((line) => line === "commit").length).toBeLessThanOrEqual(1);
  });

  it("that the disk refuses stops the node", async () => {
    const follower = new Follower();
    follower.commitFailure = new StorageError("failed", "the sync failed");
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("the sync failed");
    expect(follower.failures).toEqual([follower.commitFailure]);
  });

  it("that a closed storage refuses is no failure of a node that has been closed", async () => {
    const follower = new Follower();
    follower.commitFailure = new StorageError("closed", "the storage is closed");
    const closing: IncomingSnapshot = {
      ...incoming,
      read: async function* () {
        yield new Uint8Array([1]);
        queueMicrotask(() => {
          follower.stopped = true;
        });
      },
    };
    await expect(follower.receiver.receive(closing)).rejects.toThrow("closed");
    expect(follower.failures).toEqual([]);
  });

  it("is given up when the node stops", async () => {
    const follower = new Follower();
    const received = follower.receiver.receive(incoming);
    await follower.offered();
    follower.stopped = true;
    follower.receiver.stop(new Error("closed"));
    await expect(received).rejects.toThrow("closed");
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("stopped");
  });
});

describe("an offered snapshot", () => {
  it("is answered with what is held of the very same bytes, and with nothing of any others", async () => {
    const follower = new Follower();
    expect(await follower.receiver.offered(offer)).toBe(0);
    follower.partial = { metadata: offer.metadata, content, bytes: 1 };
    expect(await follower.receiver.offered(offer)).toBe(1);
    const others: readonly SnapshotOffer[] = [
      { ...offer, content: undefined },
      { ...offer, content: { bytes: 2, digest: "of two other bytes" } },
      { ...offer, metadata: { ...offer.metadata, index: 51 } },
      { ...offer, metadata: { ...offer.metadata, term: 2 } },
    ];
    for (const other of others) expect(await follower.receiver.offered(other)).toBe(0);
  });

  it("is refused where the snapshot would be", async () => {
    const follower = new Follower();
    follower.commit = 50;
    await expect(follower.receiver.offered(offer)).rejects.toThrow("50 is committed here already");
    await follower.offered();
    follower.term = 4;
    await expect(follower.receiver.offered(offer)).rejects.toThrow("led in term 3; it is 4 now");
  });

  /** A snapshot whose stream hangs after its first byte. */
  const hanging: IncomingSnapshot = {
    ...incoming,
    from: 5,
    read: async function* () {
      yield new Uint8Array([1]);
      await new Promise(() => {});
    },
  };

  it("takes the place of one that hangs: from the leader itself, the same sender, or a later leader", async () => {
    for (const better of [offer, { ...offer, from: 5 }, { ...offer, from: 4, leader: 4, term: 4 }]) {
      const follower = new Follower();
      const first = follower.receiver.receive(hanging);
      const ended = expect(first).rejects.toThrow("another snapshot takes its place");
      while (follower.partial === undefined) await Promise.resolve();
      await expect(follower.receiver.offered({ ...offer, from: 6 })).rejects.toThrow("another snapshot");
      expect(await follower.receiver.offered(better)).toBe(better.metadata.index === 50 ? 1 : 0);
      await ended;
      expect(follower.files).toEqual(["write 1", "suspend"]);
    }
  });

  it("takes the place of none that is whole: that one is taken over, or declined", async () => {
    const follower = new Follower();
    const first = follower.receiver.receive(incoming);
    await follower.offered();
    for (const later of [offer, { ...offer, from: 4, leader: 4, term: 4 }]) {
      await expect(follower.receiver.offered(later)).rejects.toThrow("another snapshot");
    }
    follower.receiver.accepted();
    follower.receiver.replaced();
    await first;
  });

  it("from a follower never takes the place of the leader's own", async () => {
    const follower = new Follower();
    const first = follower.receiver.receive({ ...hanging, from: 2 });
    const ended = expect(first).rejects.toThrow("closed");
    while (follower.partial === undefined) await Promise.resolve();
    await expect(follower.receiver.offered({ ...offer, from: 5 })).rejects.toThrow("another snapshot");
    follower.receiver.stop(new Error("closed"));
    await ended;
  });
});

describe("what is kept of a snapshot", () => {
  it("goes when everything up to its index is committed", async () => {
    const follower = new Follower();
    follower.partial = { metadata: offer.metadata, content, bytes: 1 };
    follower.receiver.start();
    await stateOf(Promise.resolve());
    follower.receiver.committed(49);
    expect(follower.files).toEqual([]);
    follower.receiver.committed(50);
    expect(follower.files).toEqual(["remove partial"]);
    follower.receiver.committed(51);
    expect(follower.files).toEqual(["remove partial"]);
  });

  it("goes at start where the log has it all", async () => {
    const follower = new Follower();
    follower.partial = { metadata: offer.metadata, content, bytes: 1 };
    follower.commit = 50;
    follower.receiver.start();
    await stateOf(Promise.resolve());
    expect(follower.files).toEqual(["remove partial"]);
  });
});
