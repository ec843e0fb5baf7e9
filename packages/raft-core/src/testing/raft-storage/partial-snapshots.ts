import assert from "node:assert/strict";
import type { RaftStorage, SnapshotReception } from "../../ports/raft-storage.ts";
import { StorageError } from "../../ports/storage-error.ts";
import { assertSameBytes } from "../expectations.ts";
import { command, jointMembership, metadata, patternBytes } from "../sample-log.ts";
import { contentOf, readAll, snapshotOf } from "../sample-snapshot.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

const at = metadata(12, 4, jointMembership());
const whole = patternBytes(700_000, 5);
const content = contentOf([whole]);

/** What breaks off on its way is kept, and gone on with. */
export function partialSnapshotTests(tests: StorageTests): void {
  tests.describe("that break off", () => {
    keepingTests(tests);
    removingTests(tests);
    if (!tests.durable) return;

    tests.withRestart("are gone on with after a restart", async (session) => {
      await receivePart(session.storage(), 300_000);
      const reopened = await session.restart();
      const partial = await reopened.partialSnapshot();
      assert.deepEqual(partial, { metadata: at, content, bytes: 300_000 });
      await receiveRest(reopened, 300_000);
      await expectWhole(await session.restart());
    });

    tests.withRestart("are kept when the storage is closed in the middle", async (session) => {
      const sink = await session.storage().receiveSnapshot({ metadata: at, content, from: 0 });
      await sink.write(whole.subarray(0, 200_000));
      const reopened = await session.restart();
      assert.equal((await reopened.partialSnapshot())?.bytes, 200_000);
      await receiveRest(reopened, 200_000);
      await expectWhole(reopened);
    });
  });
}

function keepingTests(tests: StorageTests): void {
  tests.withStorage("leave nothing where there was nothing", async (storage) => {
    assert.equal(await storage.partialSnapshot(), undefined);
    await storage.removePartialSnapshot();
  });

  tests.withStorage("keep what has arrived, and are gone on with there, again and again", async (storage) => {
    await receivePart(storage, 300_000);
    assert.deepEqual(await storage.partialSnapshot(), { metadata: at, content, bytes: 300_000 });
    assert.equal(await storage.openSnapshot(), undefined, "a part of a snapshot is no snapshot");
    const sink = await storage.receiveSnapshot({ metadata: at, content, from: 300_000 });
    assert.equal(await storage.partialSnapshot(), undefined, "it is being received");
    await sink.write(whole.subarray(300_000, 400_000));
    await sink.suspend();
    await receiveRest(storage, 400_000);
    await expectWhole(storage);
    assert.equal(await storage.partialSnapshot(), undefined);
  });

  tests.withStorage("are gone on with only as the very same bytes, from where they broke off", async (storage) => {
    await receivePart(storage, 300_000);
    const others: readonly SnapshotReception[] = [
      { metadata: at, content, from: 299_999 },
      { metadata: at, content, from: 300_001 },
      { metadata: at, content: contentOf([patternBytes(700_000, 6)]), from: 300_000 },
      { metadata: metadata(13, 4), content, from: 300_000 },
      { metadata: metadata(12, 5), content, from: 300_000 },
      { metadata: at, content: undefined, from: 300_000 },
    ];
    for (const other of others) {
      await assert.rejects(storage.receiveSnapshot(other), (error) => !(error instanceof StorageError));
    }
    await receiveRest(storage, 300_000);
    await expectWhole(storage);
  });

  tests.withStorage("never become visible with other bytes than were named", async (storage) => {
    await storage.saveSnapshot(snapshotOf(metadata(3, 1), [patternBytes(100)]));
    await receivePart(storage, 300_000);
    const sink = await storage.receiveSnapshot({ metadata: at, content, from: 300_000 });
    await sink.write(patternBytes(400_000, 7));
    await assert.rejects(sink.commit(), (error) => !(error instanceof StorageError));
    assert.equal(await storage.partialSnapshot(), undefined, "nothing of it can be vouched for");
    assert.equal(await newestIndex(storage), 3);
    const short = await storage.receiveSnapshot({ metadata: at, content, from: 0 });
    await short.write(whole.subarray(0, 699_999));
    await assert.rejects(short.commit(), (error) => !(error instanceof StorageError));
    await new BatchWriter(storage).write({ append: [command(1, 1)] });
    await receivePart(storage, 1000);
    await receiveRest(storage, 1000);
    await expectWhole(storage);
  });

  tests.withStorage("are counted in what snapshots take up", async (storage) => {
    const before = storage.usage().snapshotBytes;
    await receivePart(storage, 300_000);
    assert.ok(storage.usage().snapshotBytes >= before + 300_000);
    await storage.removePartialSnapshot();
    assert.equal(storage.usage().snapshotBytes, before);
    await storage.saveSnapshot(snapshotOf(at, [whole]));
    assert.ok(storage.usage().snapshotBytes >= before + whole.byteLength);
    await storage.removeSnapshotsBelow(13);
    assert.equal(storage.usage().snapshotBytes, before);
  });
}

function removingTests(tests: StorageTests): void {
  tests.withStorage("go when another one is received, which is kept in their place", async (storage) => {
    await receivePart(storage, 300_000);
    const next = contentOf([patternBytes(5000, 9)]);
    const sink = await storage.receiveSnapshot({ metadata: metadata(20, 4), content: next, from: 0 });
    await sink.write(patternBytes(5000, 9).subarray(0, 3000));
    await sink.suspend();
    const partial = await storage.partialSnapshot();
    assert.deepEqual(partial, { metadata: metadata(20, 4), content: next, bytes: 3000 });
  });

  tests.withStorage("leave nothing where they are aborted, or their sender named no content", async (storage) => {
    const aborted = await storage.receiveSnapshot({ metadata: at, content, from: 0 });
    await aborted.write(whole.subarray(0, 1000));
    await aborted.abort();
    assert.equal(await storage.partialSnapshot(), undefined);
    const unnamed = await storage.receiveSnapshot({ metadata: at, content: undefined, from: 0 });
    await unnamed.write(whole.subarray(0, 1000));
    await unnamed.suspend();
    assert.equal(await storage.partialSnapshot(), undefined);
  });

  tests.withStorage("stay while one of this node's own is saved", async (storage) => {
    await receivePart(storage, 300_000);
    await storage.saveSnapshot(snapshotOf(metadata(5, 1), [patternBytes(100)]));
    await receiveRest(storage, 300_000);
    await expectWhole(storage);
  });

  tests.withStorage("go with those below an index, and by themselves", async (storage) => {
    await receivePart(storage, 1000);
    await storage.removeSnapshotsBelow(12);
    assert.equal((await storage.partialSnapshot())?.bytes, 1000);
    await storage.removeSnapshotsBelow(13);
    assert.equal(await storage.partialSnapshot(), undefined);
    await receivePart(storage, 1000);
    await storage.removePartialSnapshot();
    assert.equal(await storage.partialSnapshot(), undefined);
  });

  tests.withStorage("give way to the next one, though they have not ended", async (storage) => {
    const first = await storage.receiveSnapshot({ metadata: at, content, from: 0 });
    await first.write(whole.subarray(0, 1000));
    const second = await storage.receiveSnapshot({ metadata: at, content, from: 0 });
    await assert.rejects(first.write(whole.subarray(1000, 2000)), (error) => error instanceof StorageError);
    await second.write(whole);
    await second.commit();
    await expectWhole(storage);
  });
}

async function receivePart(storage: RaftStorage, bytes: number): Promise<void> {
  const sink = await storage.receiveSnapshot({ metadata: at, content, from: 0 });
  await sink.write(whole.subarray(0, bytes / 2));
  await sink.write(whole.subarray(bytes / 2, bytes));
  await sink.suspend();
}

async function receiveRest(storage: RaftStorage, from: number): Promise<void> {
  const sink = await storage.receiveSnapshot({ metadata: at, content, from });
  await sink.write(whole.subarray(from));
  await sink.commit();
}

async function newestIndex(storage: RaftStorage): Promise<number | undefined> {
  const source = await storage.openSnapshot();
  await source?.close();
  return source?.metadata.index;
}

async function expectWhole(storage: RaftStorage): Promise<void> {
  const source = await storage.openSnapshot();
  assert.ok(source, "expected the snapshot");
  assert.deepEqual(source.metadata, at);
  assert.deepEqual(source.content, content);
  assertSameBytes(await readAll(source.read()), whole, "what was received in parts");
  await source.close();
}
