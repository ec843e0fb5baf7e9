import assert from "node:assert/strict";
import type { MachineTests } from "./suite.ts";

export function applyTests(tests: MachineTests): void {
  const { log } = tests;
  const half = Math.floor(log.length / 2);

  tests.describe("applying", () => {
    tests.withMachines("a fresh machine is at index 0", async (fresh) => {
      const subject = await fresh();
      assert.equal(subject.machine().appliedIndex(), 0);
      assert.equal(subject.machine().durableIndex(), 0);
    });

    tests.withMachines("moves the applied index, and gives one result an entry", async (fresh) => {
      const subject = await fresh();
      assert.equal((await subject.applyThrough(half)).length, half);
      assert.equal(subject.machine().appliedIndex(), half);
      assert.equal((await subject.applyThrough(log.length)).length, log.length - half);
      assert.equal(subject.machine().appliedIndex(), log.length);
      assert.ok(subject.machine().durableIndex() <= log.length, "the durable index is ahead of the applied one");
    });

    tests.withMachines("gives the same state and results, however the log is cut", async (fresh) => {
      const whole = await fresh();
      const pieces = await fresh();
      const expected = await whole.applyThrough(log.length);
      const results: unknown[] = [];
      for (let index = 1; index <= log.length; index++) {
        results.push(...(await pieces.applyThrough(index)));
        if (index % 5 === 0) await pieces.machine().flush();
      }
      assert.deepEqual(results, expected, "results");
      assert.deepEqual(await pieces.fingerprint(), await whole.fingerprint(), "state");
    });

    tests.withMachines("differs where the log does", async (fresh) => {
      const all = await fresh();
      const fewer = await fresh();
      await all.applyThrough(log.length);
      await fewer.applyThrough(log.length - 3);
      assert.notDeepEqual(await all.fingerprint(), await fewer.fingerprint(), "is the fingerprint of the whole state?");
    });

    tests.withMachines("flush makes all that was applied durable", async (fresh) => {
      const subject = await fresh();
      await subject.applyThrough(half);
      assert.equal(await subject.machine().flush(), half);
      assert.equal(subject.machine().durableIndex(), half);
      assert.equal(await subject.machine().flush(), half, "a flush with nothing to do");
    });

    if (!tests.durable) return;
    tests.withMachines("a restart keeps what was flushed, and replays the rest", async (fresh) => {
      const subject = await fresh();
      const expected = await fresh();
      await expected.applyThrough(log.length);
      await subject.applyThrough(half);
      await subject.machine().flush();
      await subject.applyThrough(log.length - 1);
      await subject.restart();
      const applied = subject.machine().appliedIndex();
      assert.ok(applied >= half, `flushed up to ${half}, and ${applied} is left after the restart`);
      assert.equal(subject.machine().durableIndex(), applied, "what a restart finds is durable");
      await subject.applyThrough(log.length);
      assert.deepEqual(await subject.fingerprint(), await expected.fingerprint());
    });
  });
}
