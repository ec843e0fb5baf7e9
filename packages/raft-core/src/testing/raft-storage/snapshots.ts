import assert from "node:assert/strict";
import type { SnapshotMetadata } from "../../algorithm/entry.ts";
import type { RaftStorage } from "../../ports/raft-storage.ts";
import { assertSameBytes } from "../expectations.ts";
import { command, jointMembership, metadata, patternBytes } from "../sample-log.ts";
import { brokenSnapshot, contentOf, readAll, snapshotOf } from "../sample-snapshot.ts";
import { partialSnapshotTests } from "./partial-snapshots.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

const mebibyte = 1024 * 1024;

export function snapshotTests(tests: StorageTests): void {
  tests.describe("snapshots", () => {
    savingTests(tests);
    receivingTests(tests);
    readingTests(tests);
    partialSnapshotTests(tests);
    if (!tests.durable) return;

    tests.withRestart("whole ones survive a restart, half received ones leave no trace", async (session) => {
      await session.storage().saveSnapshot(snapshotOf(metadata(5, 2, jointMembership()), [patternBytes(1000)]));
      const unnamed = { metadata: metadata(9, 2), content: undefined, from: 0 };
      const sink = await session.storage().receiveSnapshot(unnamed);
      await sink.write(patternBytes(500));
      const reopened = await session.restart();
      await expectNewest(reopened, metadata(5, 2, jointMembership()), patternBytes(1000));
      await reopened.removeSnapshotsBelow(6);
      await expectNoSnapshot(await session.restart());
    });
  });
}

function savingTests(tests: StorageTests): void {
  tests.withStorage("there is none at first", expectNoSnapshot);

  tests.withStorage("a saved one opens with its metadata and its bytes", async (storage) => {
    const chunks = [patternBytes(10, 1), patternBytes(mebibyte, 2), patternBytes(700_000, 3)];
    await storage.saveSnapshot(snapshotOf(metadata(7, 3, jointMembership()), chunks));
    await expectNewest(storage, metadata(7, 3, jointMembership()), Buffer.concat(chunks));
  });

  tests.withStorage("one without a single byte is a snapshot too", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(2, 1), []));
    await expectNewest(storage, metadata(2, 1), new Uint8Array(0));
  });

  tests.withStorage("a later one takes the place of an earlier one", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(3, 1), [patternBytes(100, 1)]));
    await storage.saveSnapshot(snapshotOf(metadata(9, 2), [patternBytes(50, 2)]));
    await expectNewest(storage, metadata(9, 2), patternBytes(50, 2));
  });

  tests.withStorage("a source that breaks leaves the earlier one, and a storage that works", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(3, 1), [patternBytes(100)]));
    const broken = brokenSnapshot(metadata(9, 1), [patternBytes(5000)], new Error("the source broke off"));
    await assert.rejects(storage.saveSnapshot(broken), /the source broke off/);
    await expectNewest(storage, metadata(3, 1), patternBytes(100));
    await new BatchWriter(storage).write({ append: [command(1, 1)] });
  });

  tests.withStorage("removing takes those below the index, and no others", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(5, 1), [patternBytes(100)]));
    await storage.removeSnapshotsBelow(5);
    await expectNewest(storage, metadata(5, 1), patternBytes(100));
    await storage.removeSnapshotsBelow(6);
    await expectNoSnapshot(storage);
    await storage.removeSnapshotsBelow(6);
  });
}

function receivingTests(tests: StorageTests): void {
  tests.withStorage("a received one is visible once it is committed, and not before", async (storage) => {
    const chunks = [patternBytes(mebibyte, 1), patternBytes(3, 2), patternBytes(300_000, 3)];
    const sink = await storage.receiveSnapshot({
      metadata: metadata(12, 4, jointMembership()),
      content: undefined,
      from: 0,
    });
    for (const chunk of chunks) {
      await sink.write(chunk);
      await expectNoSnapshot(storage);
    }
    await sink.commit();
    await expectNewest(storage, metadata(12, 4, jointMembership()), Buffer.concat(chunks));
  });

  tests.withStorage("an aborted one leaves what was there before", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(3, 1), [patternBytes(100)]));
    const sink = await storage.receiveSnapshot({ metadata: metadata(12, 4), content: undefined, from: 0 });
    await sink.write(patternBytes(5000));
    await sink.abort();
    await expectNewest(storage, metadata(3, 1), patternBytes(100));
  });

  tests.withStorage("one that was aborted can be received again", async (storage) => {
    const first = await storage.receiveSnapshot({ metadata: metadata(12, 4), content: undefined, from: 0 });
    await first.write(patternBytes(5000, 1));
    await first.abort();
    const second = await storage.receiveSnapshot({ metadata: metadata(12, 4), content: undefined, from: 0 });
    await second.write(patternBytes(200, 2));
    await second.commit();
    await expectNewest(storage, metadata(12, 4), patternBytes(200, 2));
  });

  tests.withStorage("the sender's buffer may be used again after each write", async (storage) => {
    const buffer = patternBytes(1000, 1);
    const sink = await storage.receiveSnapshot({ metadata: metadata(2, 1), content: undefined, from: 0 });
    await sink.write(buffer);
    buffer.set(patternBytes(1000, 2));
    await sink.write(buffer);
    buffer.fill(0);
    await sink.commit();
    await expectNewest(storage, metadata(2, 1), Buffer.concat([patternBytes(1000, 1), patternBytes(1000, 2)]));
  });
}

function readingTests(tests: StorageTests): void {
  tests.withStorage("reads from the beginning each time, in chunks of at most 1 MiB", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(2, 1), [patternBytes(mebibyte), patternBytes(mebibyte)]));
    const source = await storage.openSnapshot();
    assert.ok(source, "expected a snapshot");
    assert.deepEqual(source.content, contentOf([patternBytes(mebibyte), patternBytes(mebibyte)]));
    for (let round = 0; round < 2; round++) {
      let bytes = 0;
      for await (const chunk of source.read()) {
        assert.ok(chunk.byteLength <= mebibyte, `a chunk of ${chunk.byteLength} bytes is over 1 MiB`);
        bytes += chunk.byteLength;
      }
      assert.equal(bytes, 2 * mebibyte, `bytes read in round ${round}`);
    }
    await source.close();
  });

  tests.withStorage("reads from any byte on", async (storage) => {
    const content = patternBytes(mebibyte + 5000);
    await storage.saveSnapshot(snapshotOf(metadata(2, 1), [content.subarray(0, mebibyte), content.subarray(mebibyte)]));
    const source = await storage.openSnapshot();
    assert.ok(source, "expected a snapshot");
    for (const from of [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, content.byteLength]) {
      assertSameBytes(await readAll(source.read(from)), content.subarray(from), `what comes after ${from} bytes`);
    }
    await source.close();
  });

  tests.withStorage("an open one can be read though it was replaced and removed", async (storage) => {
    const content = patternBytes(2 * mebibyte);
    await storage.saveSnapshot(snapshotOf(metadata(3, 1), [content.subarray(0, mebibyte), content.subarray(mebibyte)]));
    const source = await storage.openSnapshot();
    assert.ok(source, "expected a snapshot");
    await storage.saveSnapshot(snapshotOf(metadata(8, 1), [patternBytes(10)]));
    await storage.removeSnapshotsBelow(100);
    assertSameBytes(await readAll(source.read()), content, "the snapshot opened first");
    await source.close();
    await expectNoSnapshot(storage);
  });
}

async function expectNoSnapshot(storage: RaftStorage): Promise<void> {
  const source = await storage.openSnapshot();
  await source?.close();
  assert.equal(source?.metadata, undefined, "expected no visible snapshot");
}

async function expectNewest(storage: RaftStorage, expected: SnapshotMetadata, content: Uint8Array): Promise<void> {
  const source = await storage.openSnapshot();
  assert.ok(source, `expected the snapshot at index ${expected.index}, found none`);
  try {
    assert.deepEqual(source.metadata, expected);
    assertSameBytes(await readAll(source.read()), content, `content of the snapshot at index ${expected.index}`);
  } finally {
    await source.close();
  }
}
