import assert from "node:assert/strict";
import type { Index } from "../../algorithm/entry.ts";
import type { SnapshotSource } from "../../ports/snapshot.ts";
import { metadata } from "../sample-log.ts";
import { snapshotOf } from "../sample-snapshot.ts";
import type { MachineTests, MachineUnderTest } from "./suite.ts";

const maxChunkBytes = 1024 * 1024;

export function snapshotTests(tests: MachineTests): void {
  const { log } = tests;
  const half = Math.floor(log.length / 2);

  tests.describe("snapshots", () => {
    tests.withMachines("restore the same state into a fresh machine, durably", async (fresh) => {
      const original = await fresh();
      const copy = await fresh();
      await original.applyThrough(half);
      const source = await takeSnapshot(original);
      await copy.machine().restore(source);
      assert.equal(copy.machine().appliedIndex(), source.metadata.index);
      assert.equal(copy.machine().durableIndex(), source.metadata.index, "a restored state is durable");
      await copy.applyThrough(half);
      assert.deepEqual(await copy.fingerprint(), await original.fingerprint());
    });

    tests.withMachines("take the place of whatever was there", async (fresh) => {
      const original = await fresh();
      const behind = await fresh();
      await original.applyThrough(log.length);
      await behind.applyThrough(half);
      await behind.machine().flush();
      await behind.applyThrough(half + 2);
      await behind.machine().restore(await takeSnapshot(original));
      await behind.applyThrough(log.length);
      assert.deepEqual(await behind.fingerprint(), await original.fingerprint());
    });

    tests.withMachines("a restored machine goes on with the log, with the same results", async (fresh) => {
      const original = await fresh();
      const copy = await fresh();
      await original.applyThrough(half);
      await copy.machine().restore(await takeSnapshot(original));
      await copy.applyThrough(half);
      assert.deepEqual(await copy.applyThrough(log.length), await original.applyThrough(log.length), "results");
      assert.deepEqual(await copy.fingerprint(), await original.fingerprint(), "state");
    });

    tests.withMachines("are unmoved by what is applied while they are open", async (fresh) => {
      const original = await fresh();
      const expected = await fresh();
      await original.applyThrough(half);
      const snapshot = await original.machine().snapshot();
      await original.applyThrough(log.length);
      await original.machine().flush();
      const chunks: Uint8Array[] = [];
      for await (const chunk of snapshot.read()) chunks.push(new Uint8Array(chunk));
      await snapshot.close();
      assert.ok(snapshot.index <= half, `the snapshot was taken at ${half}, and says ${snapshot.index}`);

      const copy = await fresh();
      await copy.machine().restore(snapshotOf(metadata(snapshot.index, 1), chunks));
      await expected.applyThrough(snapshot.index);
      assert.deepEqual(await copy.fingerprint(), await expected.fingerprint());
    });

    tests.withMachines("of an empty state restore an empty state", async (fresh) => {
      const empty = await fresh();
      const filled = await fresh();
      await filled.applyThrough(log.length);
      await filled.machine().restore(await takeSnapshot(empty));
      assert.equal(filled.machine().appliedIndex(), 0);
      assert.deepEqual(await filled.fingerprint(), await empty.fingerprint());
    });

    if (!tests.durable) return;
    tests.withMachines("a restored state is there after a restart", async (fresh) => {
      const original = await fresh();
      const copy = await fresh();
      await original.applyThrough(half);
      const source = await takeSnapshot(original);
      await copy.machine().restore(source);
      await copy.restart();
      assert.equal(copy.machine().appliedIndex(), source.metadata.index);
      await copy.applyThrough(half);
      assert.deepEqual(await copy.fingerprint(), await original.fingerprint());
    });
  });
}

/** Reads a snapshot to its end, checking what it promises of itself. */
async function takeSnapshot(subject: MachineUnderTest): Promise<SnapshotSource> {
  const durable: Index = subject.machine().durableIndex();
  const snapshot = await subject.machine().snapshot();
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.read()) {
    assert.ok(chunk.byteLength <= maxChunkBytes, `a chunk of ${chunk.byteLength} bytes is over 1 MiB`);
    chunks.push(new Uint8Array(chunk));
  }
  await snapshot.close();
  const applied = subject.machine().appliedIndex();
  const { index } = snapshot;
  assert.ok(index >= durable && index <= applied, `a snapshot at ${index}, expected ${durable} to ${applied}`);
  return snapshotOf(metadata(index, 1), chunks);
}
