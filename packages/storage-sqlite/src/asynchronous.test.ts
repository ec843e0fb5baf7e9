import type { Entry } from "@raftkv/raft-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sampleEntries } from "./testing/sample-entries.ts";
import { Scratch } from "./testing/scratch.ts";

// Each storage starts several threads, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let scratch: Scratch;
beforeEach(async () => {
  scratch = await Scratch.make();
});
afterEach(() => scratch.remove());

const large = (index: number): Entry => ({ kind: "command", index, term: 1, payload: new Uint8Array(4 * 1024 * 1024) });

it("reads the log while writes are under way: neither waits for the other", async () => {
  const { raft } = await scratch.open();
  await raft.write({ id: 1, append: sampleEntries(1, 5, 1) });
  await raft.entries(1, 1, 1);
  let durable = 0;
  const writes = Array.from({ length: 20 }, async (_, position) => {
    await raft.write({ id: 2 + position, append: [large(6 + position)] });
    durable += 1;
  });
  const read = await raft.entries(2, 4, 1_000_000);
  expect(read).toMatchObject([{ index: 2 }, { index: 3 }, { index: 4 }]);
  expect(durable, "each write is a commit of its own, for its size").toBeLessThan(writes.length);
  await Promise.all(writes);
  expect((await raft.entries(25, 25, 1)).map(({ index }) => index)).toEqual([25]);
});

it("makes the writes that gather during a commit durable with one more, and answers them in their order", async () => {
  const storage = await scratch.open();
  await storage.raft.write({ id: 1, append: sampleEntries(1, 1, 1) });
  const before = await commitsOf(storage);
  const answered: number[] = [];
  // The first is large: the others gather while it is committed.
  const append = [
    [large(2)],
    ...Array.from({ length: 50 }, (_, position) => sampleEntries(position + 3, position + 3, 1)),
  ];
  await Promise.all(
    append.map(async (entries, position) => {
      await storage.raft.write({ id: 2 + position, append: entries });
      answered.push(position);
    }),
  );
  expect(answered).toEqual(append.map((_, position) => position));
  expect((await commitsOf(storage)) - before).toBeLessThan(append.length / 2);
});

/** How often the log was committed: the state's database is told with each of its own writes. */
async function commitsOf({ raft }: Awaited<ReturnType<Scratch["open"]>>): Promise<number> {
  if (!("durableSequence" in raft) || typeof raft.durableSequence !== "function") throw new Error("no SQLite storage");
  return raft.durableSequence();
}
