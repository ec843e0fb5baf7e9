import { assertCloseWaitsFor, assertSameEntries, rejectsWithCode } from "../expectations.ts";
import { command, commands, membershipOf, metadata } from "../sample-log.ts";
import { snapshotOf } from "../sample-snapshot.ts";
import { BatchWriter, type StorageTests } from "./suite.ts";

export function closingTests(tests: StorageTests): void {
  tests.describe("closing", () => {
    tests.withStorage("afterwards every call is refused as closed", async (storage) => {
      await storage.close();
      await rejectsWithCode(storage.load(), "closed", "load");
      await rejectsWithCode(storage.form("cluster-a", membershipOf(1)), "closed", "form");
      await rejectsWithCode(storage.write({ id: 1, append: [command(1, 1)] }), "closed", "write");
      await rejectsWithCode(storage.entries(1, 1, 1), "closed", "entries");
      await rejectsWithCode(storage.compact(metadata(1, 1)), "closed", "compact");
      await rejectsWithCode(storage.saveSnapshot(snapshotOf(metadata(1, 1), [])), "closed", "saveSnapshot");
      const reception = { metadata: metadata(1, 1), content: undefined, from: 0 };
      await rejectsWithCode(storage.receiveSnapshot(reception), "closed", "receiveSnapshot");
      await rejectsWithCode(storage.partialSnapshot(), "closed", "partialSnapshot");
      await rejectsWithCode(storage.openSnapshot(), "closed", "openSnapshot");
      await rejectsWithCode(storage.removeSnapshotsBelow(1), "closed", "removeSnapshotsBelow");
    });

    tests.withStorage("twice is fine", async (storage) => {
      await Promise.all([storage.close(), storage.close()]);
      await storage.close();
    });

    tests.withStorage("waits for the writes that were handed in", async (storage) => {
      const write = new BatchWriter(storage).write({ append: [command(1, 1)] });
      await assertCloseWaitsFor(write, storage.close());
    });

    if (!tests.durable) return;
    tests.withRestart("keeps what was handed in and not awaited", async (session) => {
      const writer = new BatchWriter(session.storage());
      const writes = [writer.write({ append: commands(1, 3, 1) }), writer.write({ append: commands(4, 6, 1) })];
      const reopened = await session.restart();
      await Promise.all(writes);
      assertSameEntries(await reopened.entries(1, 9, Number.MAX_SAFE_INTEGER), commands(1, 6, 1), "all six");
    });
  });
}
