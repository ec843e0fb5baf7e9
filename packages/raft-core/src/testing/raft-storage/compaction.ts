import assert from "node:assert/strict";
import { assertSameEntries } from "../expectations.ts";
import {
  command,
  commands,
  jointMembership,
  membershipEntry,
  membershipOf,
  metadata,
  patternBytes,
} from "../sample-log.ts";
import { assertAbout } from "./log.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

const everything = Number.MAX_SAFE_INTEGER;

export function compactionTests(tests: StorageTests): void {
  tests.describe("compacting", () => {
    tests.withStorage("drops the prefix and records the base", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 5, 1) });
      await writer.write({ append: commands(6, 10, 2) });
      await storage.compact(metadata(7, 2, jointMembership()));
      const state = await storage.load();
      assert.deepEqual(state.base, metadata(7, 2, jointMembership()));
      assert.equal(state.lastIndex, 10);
      assert.deepEqual(state.termRuns, [{ from: 8, term: 2 }]);
      assertSameEntries(await storage.entries(8, 10, everything), commands(8, 10, 2), "what is above the base");
    });

    tests.withStorage("entries() gives none where the first one asked for is gone", async (storage) => {
      await new BatchWriter(storage).write({ append: commands(1, 10, 1) });
      await storage.compact(metadata(4, 1));
      assertSameEntries(await storage.entries(4, 10, everything), [], "from the base itself");
      assertSameEntries(await storage.entries(1, 10, everything), [], "from far below");
      assertSameEntries(await storage.entries(5, 6, everything), commands(5, 6, 1), "from the first that is there");
    });

    tests.withStorage("forgets the memberships up to the base, and keeps those above", async (storage) => {
      await new BatchWriter(storage).write({
        append: [command(1, 1), membershipEntry(2, 1, membershipOf(1)), membershipEntry(3, 1, jointMembership())],
      });
      await storage.compact(metadata(2, 1, membershipOf(1)));
      assert.deepEqual((await storage.load()).memberships, [{ index: 3, membership: jointMembership() }]);
    });

    tests.withStorage("up to the last entry leaves an empty log that goes on above", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 5, 3) });
      await storage.compact(metadata(5, 3));
      assert.deepEqual(storage.usage(), { logBytes: 0, snapshotBytes: 0, firstIndex: 6, lastIndex: 5 });
      const state = await storage.load();
      assert.equal(state.lastIndex, 5);
      assert.deepEqual(state.termRuns, []);
      await writer.write({ append: [command(6, 3)] });
      assertSameEntries(await storage.entries(6, 6, everything), [command(6, 3)], "the entry after the base");
    });

    tests.withStorage("again at the base or below it changes nothing", async (storage) => {
      await new BatchWriter(storage).write({ append: commands(1, 10, 1) });
      await storage.compact(metadata(6, 1));
      const before = await storage.load();
      await storage.compact(metadata(6, 1));
      await storage.compact(metadata(3, 1));
      assert.deepEqual(await storage.load(), before);
    });

    tests.withStorage("usage() follows", async (storage) => {
      const entries = Array.from({ length: 10 }, (_, i) => command(i + 1, 1, patternBytes(1000, i)));
      await new BatchWriter(storage).write({ append: entries });
      await storage.compact(metadata(8, 1));
      const usage = storage.usage();
      assert.equal(usage.firstIndex, 9);
      assert.equal(usage.lastIndex, 10);
      assertAbout(usage.logBytes, 2, 1000);
    });

    tests.withStorage("goes in order with writes that are under way", async (storage) => {
      const writer = new BatchWriter(storage);
      await Promise.all([
        writer.write({ append: commands(1, 10, 1) }),
        storage.compact(metadata(5, 1)),
        writer.write({ truncateFrom: 9, append: commands(9, 11, 2) }),
      ]);
      const expected = [...commands(6, 8, 1), ...commands(9, 11, 2)];
      assertSameEntries(await storage.entries(6, 20, everything), expected, "above the base");
    });

    if (!tests.durable) return;
    tests.withRestart("a restart finds the base and what is above it", async (session) => {
      const writer = new BatchWriter(session.storage());
      await writer.write({ append: commands(1, 6, 1) });
      await session.storage().compact(metadata(4, 1, jointMembership()));
      const before = { state: await session.storage().load(), usage: session.storage().usage() };
      const reopened = await session.restart();
      assert.deepEqual({ state: await reopened.load(), usage: reopened.usage() }, before);
      assertSameEntries(await reopened.entries(5, 9, everything), commands(5, 6, 1), "after the restart");
    });
  });
}
