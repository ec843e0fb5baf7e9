import assert from "node:assert/strict";
import { assertSameEntries } from "../expectations.ts";
import { command, commands, jointMembership, membershipEntry, membershipOf } from "../sample-log.ts";
import { assertAbout } from "./log.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

const everything = Number.MAX_SAFE_INTEGER;

export function truncationTests(tests: StorageTests): void {
  tests.describe("truncating", () => {
    tests.withStorage("drops whole batches, and the end of the one it cuts through", async (storage) => {
      const writer = new BatchWriter(storage);
      for (const from of [1, 6, 11, 16]) await writer.write({ append: commands(from, from + 4, from) });
      await writer.write({ truncateFrom: 8 });
      assertSameEntries(
        await storage.entries(1, 30, everything),
        [...commands(1, 5, 1), ...commands(6, 7, 6)],
        "entries 1 to 7 stay",
      );
      assert.equal(storage.usage().lastIndex, 7);
      assertAbout(storage.usage().logBytes, 7, 3);
      const { lastIndex, termRuns } = await storage.load();
      assert.equal(lastIndex, 7);
      assert.deepEqual(termRuns, [
        { from: 1, term: 1 },
        { from: 6, term: 6 },
      ]);
    });

    tests.withStorage("and appends in the same batch", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 5, 1) });
      await writer.write({
        hardState: { term: 3, votedFor: undefined, commit: 1 },
        truncateFrom: 3,
        append: commands(3, 4, 3),
      });
      const expected = [...commands(1, 2, 1), ...commands(3, 4, 3)];
      assertSameEntries(await storage.entries(1, 9, everything), expected, "the old suffix is gone");
      assert.equal((await storage.load()).lastIndex, 4);
    });

    tests.withStorage("takes the memberships of the dropped entries along", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({
        append: [command(1, 1), membershipEntry(2, 1, membershipOf(1)), membershipEntry(3, 1, jointMembership())],
      });
      await writer.write({ truncateFrom: 3, append: [command(3, 2)] });
      assert.deepEqual((await storage.load()).memberships, [{ index: 2, membership: membershipOf(1) }]);
    });

    tests.withStorage("may empty the log", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 5, 1) });
      await writer.write({ truncateFrom: 1 });
      assertSameEntries(await storage.entries(1, 5, everything), [], "nothing is left");
      assert.deepEqual(storage.usage(), { logBytes: 0, snapshotBytes: 0, firstIndex: 1, lastIndex: 0 });
      await writer.write({ append: [command(1, 2)] });
      assertSameEntries(await storage.entries(1, 5, everything), [command(1, 2)], "and it starts over");
    });

    if (!tests.durable) return;
    tests.withRestart("dropped entries do not come back after a restart", async (session) => {
      const writer = new BatchWriter(session.storage());
      await writer.write({ append: [...commands(1, 5, 1), membershipEntry(6, 1, membershipOf(1))] });
      await writer.write({ append: commands(7, 12, 1) });
      await writer.write({ truncateFrom: 4, append: [command(4, 2)] });
      const reopened = await session.restart();
      const expected = [...commands(1, 3, 1), command(4, 2)];
      assertSameEntries(await reopened.entries(1, 20, everything), expected, "after the restart");
      const state = await reopened.load();
      assert.equal(state.lastIndex, 4);
      assert.deepEqual(state.memberships, []);
      assert.equal(reopened.usage().lastIndex, 4);
    });
  });
}
