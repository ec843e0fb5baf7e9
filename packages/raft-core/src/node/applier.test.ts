import { describe, expect, it } from "vitest";
import type { Entry } from "../algorithm/entry.ts";
import { Applier } from "./applier.ts";
import { BackgroundWork } from "./background-work.ts";
import { RecentEntries } from "./recent-entries.ts";
import { restoreAtStart } from "./restore-at-start.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { TestStateMachine } from "./test-cluster/test-state-machine.ts";
import { TestStorage } from "./test-cluster/test-storage.ts";

const membership = { voters: [1], outgoingVoters: [], learners: [], members: [] };

function commandAt(index: number): Entry {
  return { kind: "command", term: 1, index, payload: new TextEncoder().encode(`${index}`) };
}

class Surroundings {
  readonly storage = new TestStorage(1, membership);
  readonly state = new TestStateMachine();
  readonly recent = new RecentEntries(10_000);
  readonly failures: unknown[] = [];
  readonly work = new BackgroundWork((error) => this.failures.push(error));
  readonly clock = new FakeClock();
  readonly batches: number[] = [];
  /** How long a batch keeps the processor busy. */
  batchMs = 0;
  readonly applier = new Applier({
    stateMachine: this.state,
    storage: this.storage,
    recent: this.recent,
    work: this.work,
    clock: this.clock,
    maxApplyBytes: 1_000,
    applied: (entries) => {
      this.batches.push(entries.length);
      this.clock.stall(this.batchMs);
    },
  });

  async logHolds(last: number): Promise<void> {
    const append = Array.from({ length: last }, (_, position) => commandAt(position + 1));
    await this.storage.write({ id: 1, append });
  }

  async hasSnapshot(index: number, commands: readonly string[]): Promise<void> {
    await this.storage.saveSnapshot({
      metadata: { index, term: 1, membership },
      read: async function* () {
        yield new TextEncoder().encode(JSON.stringify(commands));
      },
      close: async () => {},
    });
  }
}

describe("applying", () => {
  it("lets the event loop handle what comes in between batches, and heartbeats among it", async () => {
    const around = new Surroundings();
    around.batchMs = 3;
    const append = Array.from({ length: 300 }, (_, position) => commandAt(position + 1));
    around.recent.written({ id: 1, append });
    let batchesBefore = 0;
    around.clock.setTimer(0, () => {
      batchesBefore = around.batches.length;
    });
    around.applier.commitTo(300);
    await around.clock.settle();
    expect(batchesBefore).toBe(2);
    await around.clock.advance(100);
    expect(around.applier.applied).toBe(300);
  });

  it("goes on after the last result where the state machine stops in between", async () => {
    const around = new Surroundings();
    const { state } = around;
    const apply = state.apply.bind(state);
    state.apply = (entries) => apply(entries.slice(0, 2));
    around.recent.written({ id: 1, append: [1, 2, 3, 4, 5].map(commandAt) });
    around.applier.commitTo(5);
    await around.work.idle();
    expect(around.batches).toEqual([2, 2, 1]);
    expect(around.state.commands).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("that gives way ends at once when it is stopped", async () => {
    const around = new Surroundings();
    around.batchMs = 6;
    around.recent.written({ id: 1, append: Array.from({ length: 200 }, (_, position) => commandAt(position + 1)) });
    around.applier.commitTo(200);
    await new Promise((resolve) => setImmediate(resolve));
    around.applier.stop();
    await around.work.idle();
    expect(around.batches).toHaveLength(1);
  });

  it("finishes the batch under way before a snapshot replaces the state, and goes on after it", async () => {
    const around = new Surroundings();
    await around.logHolds(2);
    await around.hasSnapshot(5, ["of the snapshot"]);
    around.state.hold();
    around.applier.commitTo(2);
    await new Promise((resolve) => setImmediate(resolve));
    around.applier.pause();
    const restored = around.applier.restore({ index: 5, term: 1, membership });
    await new Promise((resolve) => setImmediate(resolve));
    expect(around.state.restores).toBe(0);
    around.state.release();
    await restored;
    expect(around.state.commands).toEqual(["of the snapshot"]);
    around.recent.written({ id: 2, append: [commandAt(6)] });
    around.applier.commitTo(6);
    await around.work.idle();
    expect(around.state.commands).toEqual(["of the snapshot", "6"]);
    expect(around.batches).toEqual([2, 1]);
    expect(around.failures).toEqual([]);
  });

  it("drops what it has read when a snapshot is about to replace the log meanwhile", async () => {
    const around = new Surroundings();
    around.applier.commitTo(2);
    around.applier.pause();
    await around.work.idle();
    expect(around.failures).toEqual([]);
    expect(around.batches).toEqual([]);
  });

  it("stops the node where the log does not hold what is committed", async () => {
    const around = new Surroundings();
    around.applier.commitTo(2);
    await around.work.idle();
    expect(around.failures).toMatchObject([{ code: "corrupt" }]);
    expect(around.state.appliedIndex()).toBe(0);
  });

  it.each([{ results: [] }, { results: [1, 2, 3] }])(
    "stops the node where two entries give $results",
    async (gives) => {
      const around = new Surroundings();
      await around.logHolds(2);
      around.state.apply = async () => gives.results;
      around.applier.commitTo(2);
      await around.work.idle();
      expect(around.failures).toHaveLength(1);
    },
  );

  it("does not take another snapshot for the one that was taken over", async () => {
    const around = new Surroundings();
    await around.hasSnapshot(7, []);
    around.applier.pause();
    await expect(around.applier.restore({ index: 5, term: 1, membership })).rejects.toMatchObject({ code: "corrupt" });
    expect(around.state.restores).toBe(0);
  });
});

describe("at start", () => {
  const fresh = { hardState: { term: 1, votedFor: undefined, commit: 0 }, termRuns: [], memberships: [] };

  it("a snapshot that was received and not taken over is dropped", async () => {
    const { storage, state, hasSnapshot } = bound(new Surroundings());
    await hasSnapshot(9, []);
    await restoreAtStart(storage, state, { ...fresh, base: { index: 0, term: 0, membership }, lastIndex: 3 });
    expect(storage.snapshotIndex).toBeUndefined();
    expect(state.restores).toBe(0);
  });

  it("a snapshot of what is committed is kept, for followers", async () => {
    const { storage, state, hasSnapshot } = bound(new Surroundings());
    await hasSnapshot(3, []);
    const hardState = { ...fresh.hardState, commit: 3 };
    await restoreAtStart(storage, state, {
      ...fresh,
      hardState,
      base: { index: 0, term: 0, membership },
      lastIndex: 4,
    });
    expect(storage.snapshotIndex).toBe(3);
  });

  it("one that was not taken over is dropped also where the log reaches beyond it", async () => {
    const { storage, state, hasSnapshot } = bound(new Surroundings());
    await hasSnapshot(3, []);
    await restoreAtStart(storage, state, { ...fresh, base: { index: 0, term: 0, membership }, lastIndex: 9 });
    expect(storage.snapshotIndex).toBeUndefined();
  });

  it("one that was taken over and not restored is restored", async () => {
    const { storage, state, hasSnapshot } = bound(new Surroundings());
    await hasSnapshot(9, ["kept"]);
    await restoreAtStart(storage, state, { ...fresh, base: { index: 9, term: 1, membership }, lastIndex: 9 });
    expect(state.appliedIndex()).toBe(9);
    expect(state.commands).toEqual(["kept"]);
  });

  it("one that ends before the log begins does not fill the gap", async () => {
    const { storage, state, hasSnapshot } = bound(new Surroundings());
    await hasSnapshot(8, []);
    const restored = { ...fresh, base: { index: 9, term: 1, membership }, lastIndex: 9 };
    await expect(restoreAtStart(storage, state, restored)).rejects.toMatchObject({ code: "corrupt" });
    expect(state.restores).toBe(0);
  });
});

function bound(around: Surroundings) {
  return {
    storage: around.storage,
    state: around.state,
    hasSnapshot: (index: number, commands: readonly string[]) => around.hasSnapshot(index, commands),
  };
}
