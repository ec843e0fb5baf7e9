import { mkdirSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FailStop } from "./fail-stop.ts";
import { SnapshotDirectory } from "./snapshots/snapshot-directory.ts";
import { bytes, sampleEntries, twoMembers } from "./testing/sample-entries.ts";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts two threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const at2 = { index: 2, term: 1, membership: twoMembers };

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(() => scratch.remove());

it("ends what is still open: views, snapshots that are read or received", async () => {
  const { raft, state } = await scratch.open();
  await state.write({ appliedIndex: 1, changes: [{ key: bytes("a"), value: bytes("1") }] });
  await raft.saveSnapshot({
    metadata: { index: 1, term: 1, membership: twoMembers },
    async *read() {
      yield bytes("content");
    },
    async close() {},
  });
  const view = await state.view();
  const source = await raft.openSnapshot();
  const sink = await raft.receiveSnapshot({ metadata: at2, content: undefined, from: 0 });
  await Promise.all([raft.close(), state.close()]);

  await expect(view.rows()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "closed" });
  await expect(source?.read()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "closed" });
  await expect(sink.write(bytes("more"))).rejects.toMatchObject({ code: "closed" });
  await Promise.all([view.close(), source?.close(), sink.abort()]);
  expect(scratch.failures).toEqual([]);
});

it("answers everything that was asked before", async () => {
  const { raft, state } = await scratch.open();
  await raft.write({ id: 1, append: sampleEntries(1, 3, 1) });
  const asked = [raft.write({ id: 2, append: sampleEntries(4, 5, 1) }), raft.entries(2, 3, 1_000_000), raft.load()];
  const written = state.write({ appliedIndex: 3, changes: [] });
  await Promise.all([raft.close(), state.close()]);
  expect(await Promise.all(asked)).toMatchObject([undefined, [{ index: 2 }, { index: 3 }], { lastIndex: 5 }]);
  await written;
});

it("waits for a received snapshot that is taking its place", async () => {
  const folder = scratch.file("snapshots");
  mkdirSync(folder, { recursive: true });
  const snapshots = new SnapshotDirectory(folder, new FailStop());
  const sink = await snapshots.receive({ metadata: at2, content: undefined, from: 0 });
  await sink.write(bytes("content"));
  const committed = sink.commit();
  await snapshots.close();
  expect(readdirSync(folder)).toEqual(["2-1.snapshot"]);
  await committed;
});
