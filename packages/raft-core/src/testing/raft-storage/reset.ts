import assert from "node:assert/strict";
import { assertSameEntries } from "../expectations.ts";
import { command, commands, jointMembership, membershipEntry, membershipOf, metadata } from "../sample-log.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

const everything = Number.MAX_SAFE_INTEGER;

export function resetTests(tests: StorageTests): void {
  tests.describe("resetting to a received snapshot", () => {
    tests.withStorage("past the end of the log replaces all of it", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 5, 1) });
      await writer.write({
        hardState: { term: 4, votedFor: undefined, commit: 20 },
        resetTo: metadata(20, 4, jointMembership()),
      });
      assert.deepEqual(await storage.load(), {
        hardState: { term: 4, votedFor: undefined, commit: 20 },
        base: metadata(20, 4, jointMembership()),
        lastIndex: 20,
        termRuns: [],
        memberships: [],
      });
      assert.deepEqual(storage.usage(), { logBytes: 0, snapshotBytes: 0, firstIndex: 21, lastIndex: 20 });
      assertSameEntries(await storage.entries(1, 30, everything), [], "nothing is left");
      await writer.write({ append: [command(21, 4)] });
      assertSameEntries(await storage.entries(21, 21, everything), [command(21, 4)], "it goes on above the snapshot");
    });

    tests.withStorage("keeps what follows an entry with the snapshot's index and term", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: [...commands(1, 3, 1), membershipEntry(4, 2, membershipOf(2))] });
      await writer.write({ append: [membershipEntry(5, 2, jointMembership()), command(6, 3)] });
      await writer.write({ resetTo: metadata(4, 2, membershipOf(2)) });
      const state = await storage.load();
      assert.deepEqual(state.base, metadata(4, 2, membershipOf(2)));
      assert.equal(state.lastIndex, 6);
      assert.deepEqual(state.termRuns, [
        { from: 5, term: 2 },
        { from: 6, term: 3 },
      ]);
      assert.deepEqual(state.memberships, [{ index: 5, membership: jointMembership() }]);
      assertSameEntries(
        await storage.entries(5, 9, everything),
        [membershipEntry(5, 2, jointMembership()), command(6, 3)],
        "the matching suffix",
      );
    });

    tests.withStorage("drops everything where the entry at its index is of another term", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: [...commands(1, 4, 1), membershipEntry(5, 1, membershipOf(1))] });
      await writer.write({ resetTo: metadata(3, 2) });
      const state = await storage.load();
      assert.deepEqual(state.base, metadata(3, 2));
      assert.equal(state.lastIndex, 3);
      assert.deepEqual(state.memberships, []);
      assertSameEntries(await storage.entries(4, 9, everything), [], "the suffix conflicts");
    });

    tests.withStorage("comes before what the same batch appends", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 5, 1) });
      await writer.write({ resetTo: metadata(9, 2), append: commands(10, 11, 2) });
      assert.equal((await storage.load()).lastIndex, 11);
      assertSameEntries(await storage.entries(10, 99, everything), commands(10, 11, 2), "above the snapshot");
    });

    if (!tests.durable) return;
    tests.withRestart("survives a restart, with or without a suffix", async (session) => {
      const writer = new BatchWriter(session.storage());
      await writer.write({ append: commands(1, 8, 1) });
      await writer.write({ resetTo: metadata(5, 1, jointMembership()) });
      let reopened = await session.restart();
      assert.deepEqual((await reopened.load()).base, metadata(5, 1, jointMembership()));
      assertSameEntries(await reopened.entries(6, 9, everything), commands(6, 8, 1), "the suffix stays");
      await new BatchWriter(reopened).write({ resetTo: metadata(30, 2) });
      reopened = await session.restart();
      const { base, lastIndex } = await reopened.load();
      assert.deepEqual(base, metadata(30, 2));
      assert.equal(lastIndex, 30);
    });
  });
}
