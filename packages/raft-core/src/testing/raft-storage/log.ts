import assert from "node:assert/strict";
import type { HardState } from "../../algorithm/entry.ts";
import { assertSameBytes, assertSameEntries } from "../expectations.ts";
import {
  command,
  commands,
  jointMembership,
  membershipEntry,
  membershipOf,
  noop,
  patternBytes,
} from "../sample-log.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

const everything = Number.MAX_SAFE_INTEGER;

export function logTests(tests: StorageTests): void {
  tests.describe("writing and reading the log", () => {
    tests.withStorage("the hard state loads as it was last written, other writes leave it alone", async (storage) => {
      const writer = new BatchWriter(storage);
      const states: readonly HardState[] = [
        { term: 1, votedFor: undefined, commit: 0 },
        { term: 1, votedFor: 3, commit: 0 },
        { term: 2, votedFor: 3, votedForMemberId: "member-3", commit: 0 },
        { term: 2, votedFor: 3, votedForMemberId: "member-3-on-a-new-disk", commit: 0 },
        { term: 2, votedFor: undefined, promiseMs: 1_500, commit: 0 },
        { term: 9_007_199_254_740_991, votedFor: undefined, commit: 0 },
      ];
      for (const hardState of states) {
        await writer.write({ hardState });
        assert.deepEqual((await storage.load()).hardState, hardState);
      }
      await writer.write({ append: [noop(1, 5)] });
      assert.deepEqual((await storage.load()).hardState, states.at(-1));
    });

    tests.withStorage("entries of every kind come back as they were written", async (storage) => {
      const entries = [
        noop(1, 1),
        command(2, 1, new Uint8Array([0, 1, 0xff, 0])),
        command(3, 1, new Uint8Array(0)),
        membershipEntry(4, 1, jointMembership()),
        command(5, 2, patternBytes(300_000)),
        membershipEntry(6, 2, membershipOf(1)),
      ];
      await new BatchWriter(storage).write({ append: entries });
      assertSameEntries(await storage.entries(1, 6, everything), entries, "all six entries");
    });

    tests.withStorage("load tells the runs of terms and the memberships above the base", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: [noop(1, 1), command(2, 1), membershipEntry(3, 1, membershipOf(1, 2))] });
      await writer.write({ append: [noop(4, 4)] });
      await writer.write({ append: [command(5, 4), membershipEntry(6, 7, jointMembership()), command(7, 7)] });
      const state = await storage.load();
      assert.equal(state.lastIndex, 7);
      assert.deepEqual(state.termRuns, [
        { from: 1, term: 1 },
        { from: 4, term: 4 },
        { from: 6, term: 7 },
      ]);
      assert.deepEqual(state.memberships, [
        { index: 3, membership: membershipOf(1, 2) },
        { index: 6, membership: jointMembership() },
      ]);
    });

    tests.withStorage("entries() sees what is durable while later writes are under way", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 4, 1) });
      const later = [5, 6, 7].map((index) => writer.write({ append: [command(index, 1, patternBytes(100_000))] }));
      assertSameEntries(await storage.entries(2, 4, everything), commands(2, 4, 1), "2 to 4");
      await Promise.all(later);
      assertSameEntries(await storage.entries(4, 4, everything), [command(4, 1)], "4");
    });

    tests.withStorage("entries() gives the part that lies in the log, both ends included", async (storage) => {
      const writer = new BatchWriter(storage);
      await writer.write({ append: commands(1, 4, 1) });
      await writer.write({ append: commands(5, 6, 2) });
      assertSameEntries(await storage.entries(4, 5, everything), [command(4, 1), command(5, 2)], "4 to 5");
      assertSameEntries(await storage.entries(3, 3, everything), [command(3, 1)], "3 to 3");
      assertSameEntries(await storage.entries(6, 100, everything), [command(6, 2)], "6 to 100");
      assertSameEntries(await storage.entries(7, 9, everything), [], "past the end");
    });

    tests.withStorage("entries() stops at maxBytes, but gives at least one", async (storage) => {
      const entries = Array.from({ length: 10 }, (_, i) => command(i + 1, 1, patternBytes(1000, i)));
      await new BatchWriter(storage).write({ append: entries });
      assertSameEntries(await storage.entries(2, 10, 1), entries.slice(1, 2), "maxBytes 1");
      const some = await storage.entries(2, 10, 4500);
      assert.ok(some.length >= 2 && some.length <= 4, `4500 bytes of 1000 byte payloads gave ${some.length} entries`);
      assertSameEntries(some, entries.slice(1, 1 + some.length), "maxBytes 4500 gives the first ones");
      assertSameEntries(await storage.entries(1, 10, everything), entries, "no bound");
    });

    concurrencyTests(tests);
    usageTests(tests);

    if (!tests.durable) return;
    tests.withRestart("what was written is there after a restart, and can be appended to", async (session) => {
      const entries = [noop(1, 3), command(2, 3), membershipEntry(3, 3, jointMembership()), command(4, 4)];
      const hardState = { term: 4, votedFor: 2, votedForMemberId: "member-2", commit: 3 };
      await new BatchWriter(session.storage()).write({ hardState, append: entries });
      const before = await session.storage().load();
      const reopened = await session.restart();
      assert.deepEqual(await reopened.load(), before);
      assert.deepEqual(before.hardState, hardState);
      assertSameEntries(await reopened.entries(1, 4, everything), entries, "after the restart");
      await new BatchWriter(reopened).write({ append: [command(5, 4)] });
      const again = await session.restart();
      assertSameEntries(await again.entries(4, 9, everything), [command(4, 4), command(5, 4)], "after the second");
    });
  });
}

function concurrencyTests(tests: StorageTests): void {
  tests.withStorage("writes that do not wait for each other resolve in their order", async (storage) => {
    const writer = new BatchWriter(storage);
    const resolved: number[] = [];
    const writes = Array.from({ length: 50 }, (_, i) =>
      writer
        .write({ hardState: { term: i + 1, votedFor: undefined, commit: 0 }, append: [command(i + 1, i + 1)] })
        .then(() => resolved.push(i + 1)),
    );
    await Promise.all(writes);
    assert.deepEqual(
      resolved,
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    const expected = Array.from({ length: 50 }, (_, i) => command(i + 1, i + 1));
    assertSameEntries(await storage.entries(1, 50, everything), expected, "all fifty");
    assert.equal((await storage.load()).hardState.term, 50);
  });

  tests.withStorage("a write and truncations behind it take effect in the order of the calls", async (storage) => {
    const writer = new BatchWriter(storage);
    await Promise.all([
      writer.write({ append: commands(1, 5, 1) }),
      writer.write({ truncateFrom: 3, append: commands(3, 4, 2) }),
      writer.write({ truncateFrom: 4, append: [command(4, 3)] }),
      writer.write({ append: [command(5, 3)] }),
    ]);
    const expected = [command(1, 1), command(2, 1), command(3, 2), command(4, 3), command(5, 3)];
    assertSameEntries(await storage.entries(1, 9, everything), expected, "the last writer of each index wins");
  });

  tests.withStorage("the caller may use its buffers again, going in and coming out", async (storage) => {
    const payload = patternBytes(100);
    await new BatchWriter(storage).write({ append: [command(1, 1, payload)] });
    payload.fill(0xee);
    for (const what of ["after the written buffer changed", "after the buffer read changed"]) {
      const [entry] = await storage.entries(1, 1, everything);
      assert.ok(entry?.kind === "command", "expected a command at index 1");
      assertSameBytes(entry.payload, patternBytes(100), what);
      entry.payload.fill(0xdd);
    }
  });
}

function usageTests(tests: StorageTests): void {
  tests.withStorage("usage() tells where the log starts and ends, and its bytes", async (storage) => {
    assert.deepEqual(storage.usage(), { logBytes: 0, snapshotBytes: 0, firstIndex: 1, lastIndex: 0 });
    const entries = Array.from({ length: 10 }, (_, i) => command(i + 1, 1, patternBytes(1000, i)));
    await new BatchWriter(storage).write({ append: entries });
    const usage = storage.usage();
    assert.equal(usage.firstIndex, 1);
    assert.equal(usage.lastIndex, 10);
    assertAbout(usage.logBytes, 10, 1000);
  });
}

/** An implementation may count a little for each entry beside its payload. */
export function assertAbout(logBytes: number, count: number, payloadBytes: number): void {
  const least = count * payloadBytes;
  const most = count * (payloadBytes + 128);
  assert.ok(logBytes >= least && logBytes <= most, `logBytes is ${logBytes}, expected ${least} to ${most}`);
}
