import { createHash } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import type { Entry } from "@raftkv/raft-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { breakDisk, canBreakDisk, mendDisk } from "./testing/file-size-limit.ts";
import { bytes, sampleEntries, twoMembers } from "./testing/sample-entries.ts";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(async () => {
  if (canBreakDisk) mendDisk();
  await scratch.remove();
});

const entry = (index: number): Entry => ({ kind: "command", index, term: 1, payload: bytes(`entry ${index}`) });
const snapshot = {
  metadata: { index: 1, term: 1, membership: twoMembers },
  async *read() {
    yield bytes("content");
  },
  async close() {},
};

describe.runIf(canBreakDisk)("a disk that refuses a write", () => {
  it("stops both stores for good, tells the node once, and names file and error", async () => {
    const { raft, state } = await scratch.open();
    await raft.write({ id: 1, append: [entry(1)] });
    breakDisk();
    const writes = await Promise.allSettled([
      raft.write({ id: 2, append: [entry(2)] }),
      raft.write({ id: 3, append: [entry(3)] }),
    ]);
    const [error] = scratch.failures;
    expect(error).toMatchObject({ code: "failed", message: expect.stringMatching(/raft\.db failed: .*\(?SQLITE_\w+/) });
    for (const write of writes) expect(write).toEqual({ status: "rejected", reason: error });

    mendDisk();
    await expect(raft.write({ id: 4, append: [entry(2)] })).rejects.toBe(error);
    await expect(raft.entries(1, 1, 100)).rejects.toBe(error);
    await expect(raft.saveSnapshot(snapshot)).rejects.toBe(error);
    await expect(state.write({ appliedIndex: 1, changes: [] })).rejects.toBe(error);
    await expect(state.getMany([bytes("a")])).rejects.toBe(error);
    expect(scratch.failures).toEqual([error]);

    await scratch.closeAll();
    const reopened = await scratch.open();
    expect((await reopened.raft.load()).lastIndex, "only what was acknowledged, or what the disk took anyway").toBe(1);
  });

  it("is noticed by the state, and stops the log", async () => {
    const { raft, state } = await scratch.open();
    breakDisk();
    const write = state.write({ appliedIndex: 1, changes: [{ key: bytes("a"), value: bytes("1") }] });
    await expect(write).rejects.toMatchObject({ code: "failed", message: expect.stringContaining("kv.db") });
    mendDisk();
    await expect(raft.write({ id: 1, append: [entry(1)] })).rejects.toBe(scratch.failures[0]);
    expect(state.appliedIndex()).toBe(0);
  });

  it("is noticed while a snapshot is received, which goes on after a restart with a disk that works", async () => {
    const { raft } = await scratch.open();
    const content = { bytes: 6, digest: createHash("sha256").update("abcdef").digest("hex") };
    const sink = await raft.receiveSnapshot({ metadata: snapshot.metadata, content, from: 0 });
    await sink.write(bytes("abc"));
    breakDisk();
    await expect(sink.write(bytes("def"))).rejects.toMatchObject({ code: "failed" });
    await sink.suspend().catch(() => undefined);
    expect(scratch.failures).toHaveLength(1);
    await scratch.closeAll();
    expect(
      readdirSync("/proc/self/fd")
        .map(targetOf)
        .filter((file) => file.includes(".partial")),
    ).toEqual([]);
    mendDisk();
    const reopened = (await scratch.open()).raft;
    expect((await reopened.partialSnapshot())?.bytes).toBe(3);
    const rest = await reopened.receiveSnapshot({ metadata: snapshot.metadata, content, from: 3 });
    await rest.write(bytes("def"));
    await rest.commit();
  });

  it("is noticed while a snapshot is written", async () => {
    const { raft } = await scratch.open();
    breakDisk();
    await expect(raft.saveSnapshot(snapshot)).rejects.toMatchObject({
      code: "failed",
      message: expect.stringMatching(/snapshots failed: .*EFBIG/),
    });
    mendDisk();
    await expect(raft.write({ id: 1, append: [entry(1)] })).rejects.toBe(scratch.failures[0]);
  });

  it("makes opening fail, and leaves nothing locked", async () => {
    breakDisk();
    await expect(scratch.open()).rejects.toMatchObject({ name: "StorageError" });
    mendDisk();
    await expect(scratch.open()).resolves.toBeDefined();
  });
});

it("refuses entries that leave a gap, and vouches for nothing after that", async () => {
  const { raft } = await scratch.open();
  await raft.write({ id: 1, append: [entry(1)] });
  const gap = raft.write({ id: 2, append: [entry(3)] });
  await expect(gap).rejects.toMatchObject({
    code: "failed",
    message: expect.stringContaining("entry 3 of term 1 cannot follow entry 1 of term 1"),
  });
  await expect(raft.write({ id: 3, append: [entry(2)] })).rejects.toBe(scratch.failures[0]);
});

it("refuses a batch whose entries do not follow each other", async () => {
  const { raft } = await scratch.open();
  const write = raft.write({ id: 1, append: [...sampleEntries(1, 3, 2), ...sampleEntries(4, 5, 1)] });
  await expect(write).rejects.toMatchObject({ code: "failed" });
  await scratch.closeAll();
  expect((await (await scratch.open()).raft.load()).lastIndex).toBe(0);
});

/** What an open file descriptor of this process stands for; empty where it is closed by now. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return "";
  }
}
