import { describe, expect, it } from "vitest";
import type { Input } from "../algorithm/input.ts";
import type { IncomingSnapshot } from "../ports/raft-transport.ts";
import { StorageError } from "../ports/storage-error.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";

const membership = { voters: [1, 2], outgoingVoters: [], learners: [], members: [] };
const incoming: IncomingSnapshot = {
  from: 2,
  term: 3,
  metadata: { index: 50, term: 3, membership },
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
  readonly receiver = new SnapshotReceiver({
    storage: {
      receiveSnapshot: async () => ({
        write: async ([byte]) => {
          this.files.push(`write ${byte}`);
        },
        commit: async () => {
          if (this.commitFailure !== undefined) throw this.commitFailure;
          this.files.push("commit");
        },
        abort: async () => {
          this.files.push("abort");
        },
      }),
      removeSnapshotsBelow: async (index) => {
        this.files.push(`remove below ${index}`);
      },
    },
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
    await expect(follower.receiver.receive(incoming)).rejects.toThrow("another snapshot");
    await follower.offered();
    follower.receiver.accepted();
    follower.receiver.replaced();
    await first;
  });

  it("that breaks off leaves nothing behind, and the next is welcome", async () => {
    const follower = new Follower();
    const broken: IncomingSnapshot = {
      ...incoming,
      read: async function* () {
        yield new Uint8Array([1]);
        throw new Error("the stream broke");
      },
    };
    await expect(follower.receiver.receive(broken)).rejects.toThrow("the stream broke");
    expect(follower.files).toEqual(["write 1", "abort"]);
    expect(follower.failures).toEqual([]);
    const next = follower.receiver.receive(incoming);
    await follower.offered();
    follower.receiver.accepted();
    follower.receiver.replaced();
    await next;
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
