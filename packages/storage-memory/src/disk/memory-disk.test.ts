import type { StorageOptions } from "@raftkv/kv-server";
import type { Entry } from "@raftkv/raft-core";
import { membershipOf, rejectsWithCode } from "@raftkv/raft-core/testing";
import { describe, expect, it } from "vitest";
import { MemoryDisk } from "./memory-disk.ts";
import type { DiskOperation } from "./memory-disk-options.ts";

function optionsFor(nodeId: number, onFailure: (error: Error) => void = () => {}): StorageOptions {
  return { dataDir: "/nowhere", nodeId, newMemberId: () => `member-of-${nodeId}`, onFailure };
}

function noopAt(index: number): Entry {
  return { kind: "noop", index, term: 1 };
}

/** Holds operations back until the test lets them go, one by one. */
function gate() {
  const waiting: { operation: DiskOperation; go: () => void }[] = [];
  return {
    waiting,
    beforeWrite: (operation: DiskOperation) =>
      new Promise<void>((resolve) => {
        waiting.push({ operation, go: resolve });
      }),
  };
}

/** Lets everything that is ready to run do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("MemoryDisk", () => {
  it("has one owner at a time, until both stores are closed or it crashes", async () => {
    const disk = new MemoryDisk();
    const first = await disk.open(optionsFor(1));
    await rejectsWithCode(disk.open(optionsFor(1)), "locked", "opening twice");
    await first.raft.close();
    await rejectsWithCode(disk.open(optionsFor(1)), "locked", "opening while the state is open");
    await first.state.close();
    await first.state.close();
    await disk.open(optionsFor(1));
    disk.crash();
    const third = await disk.open(optionsFor(1));
    expect(third.raft.identity()).toEqual({
      nodeId: 1,
      memberId: "member-of-1",
      incarnation: 3,
      clusterId: undefined,
    });
  });

  it("refuses another node, and can still be opened by its own", async () => {
    const disk = new MemoryDisk();
    const { raft, state } = await disk.open(optionsFor(1));
    await raft.close();
    await state.close();
    await rejectsWithCode(disk.open(optionsFor(2)), "wrongOwner", "opening for node 2");
    await disk.open(optionsFor(1));
  });

  it("loses at a crash exactly what had not resolved", async () => {
    const { waiting, beforeWrite } = gate();
    const disk = new MemoryDisk({ beforeWrite });
    const { raft, state } = await disk.open(optionsFor(1));
    const outcomes = Promise.allSettled([
      raft.write({ id: 1, append: [noopAt(1)] }),
      raft.write({ id: 2, append: [noopAt(2)] }),
      state.write({ appliedIndex: 1, changes: [] }),
    ]);
    await settle();
    waiting.find(({ operation }) => operation.store === "raft")?.go();
    await settle();
    disk.crash();
    for (const { go } of waiting) go();
    expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    await rejectsWithCode(raft.load(), "closed", "a call after the crash");

    const reopened = await disk.open(optionsFor(1));
    expect((await reopened.raft.load()).lastIndex).toBe(1);
    expect(reopened.state.appliedIndex()).toBe(0);
  });

  it("keeps at a crash as many of the first writes as were durable before anybody was told", async () => {
    const disk = new MemoryDisk({ beforeWrite: () => new Promise<void>(() => {}) });
    const { raft, state } = await disk.open(optionsFor(1));
    const outcomes = [1, 2, 3].map((index) => raft.write({ id: index, append: [noopAt(index)] }));
    const merge = state.write({ appliedIndex: 1, changes: [] });
    await settle();
    disk.crash({ raft: 2, state: 0 });
    for (const outcome of [...outcomes, merge]) outcome.catch(() => undefined);

    const reopened = await disk.open(optionsFor(1));
    expect((await reopened.raft.load()).lastIndex).toBe(2);
    expect(reopened.state.appliedIndex()).toBe(0);
  });

  it("shows nothing of a delayed write, and holds back those behind it", async () => {
    const { waiting, beforeWrite } = gate();
    const { raft } = await new MemoryDisk({ beforeWrite }).open(optionsFor(1));
    const first = raft.write({ id: 1, append: [noopAt(1)] });
    const second = raft.write({ id: 2, append: [noopAt(2)] });
    await settle();
    expect(waiting.map(({ operation }) => operation)).toEqual([{ store: "raft", kind: "write" }]);
    expect((await raft.load()).lastIndex).toBe(0);
    waiting[0]?.go();
    await first;
    await settle();
    expect((await raft.load()).lastIndex).toBe(1);
    waiting[1]?.go();
    await second;
    expect((await raft.load()).lastIndex).toBe(2);
  });

  it("closes a store only when what was handed in is durable", async () => {
    const { waiting, beforeWrite } = gate();
    const { raft } = await new MemoryDisk({ beforeWrite }).open(optionsFor(1));
    const events: string[] = [];
    const write = raft.write({ id: 1, append: [noopAt(1)] }).then(() => events.push("durable"));
    const close = raft.close().then(() => events.push("closed"));
    await settle();
    expect(events).toEqual([]);
    waiting[0]?.go();
    await Promise.all([write, close]);
    expect(events).toEqual(["durable", "closed"]);
  });

  it("reports a failure once, whichever store it is in", async () => {
    const failures: Error[] = [];
    const disk = new MemoryDisk({ beforeWrite: () => Promise.reject(new Error("no space left")) });
    const { raft, state } = await disk.open(optionsFor(1, (error) => failures.push(error)));
    await rejectsWithCode(raft.form("cluster", membershipOf(1)), "failed", "form");
    await rejectsWithCode(state.write({ appliedIndex: 1, changes: [] }), "failed", "write to the state");
    await rejectsWithCode(raft.close(), "failed", "close");
    expect(failures.map(({ message }) => message)).toEqual([
      'The raft store could not make a "form" durable: no space left. It takes no more calls; stop the node.',
    ]);
  });

  it("fails on a batch that does not fit the log", async () => {
    const gap = (await new MemoryDisk().open(optionsFor(1))).raft;
    await rejectsWithCode(gap.write({ id: 1, append: [noopAt(2)] }), "failed", "a gap");
    const below = (await new MemoryDisk().open(optionsFor(1))).raft;
    await below.write({ id: 1, resetTo: { index: 5, term: 1, membership: membershipOf(1) }, append: [] });
    await rejectsWithCode(below.write({ id: 2, truncateFrom: 5, append: [] }), "failed", "truncating the base");
    const other = (await new MemoryDisk().open(optionsFor(1))).raft;
    await other.write({ id: 1, append: [noopAt(1)] });
    const wrongTerm = { index: 1, term: 2, membership: membershipOf(1) };
    await rejectsWithCode(other.compact(wrongTerm), "failed", "compacting to an entry of another term");
  });
});
