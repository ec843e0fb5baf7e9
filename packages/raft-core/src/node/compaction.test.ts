import { describe, expect, it } from "vitest";
import type { Input } from "../algorithm/input.ts";
import { BackgroundWork } from "./background-work.ts";
import { CatchingUp } from "./catching-up.ts";
import { Compaction } from "./compaction.ts";
import type { PeerProgress } from "./consensus.ts";

const membership = { voters: [1], outgoingVoters: [], learners: [], members: [] };

/** A log of entries of 100 bytes each, applied and durable up to its end, and what stands in the way of compacting it. */
class Surroundings {
  last = 0;
  base = 0;
  flushes = 0;
  snapshotInUse: number | undefined;
  readonly letGo: number[] = [];
  suspended = false;
  progress: PeerProgress[] = [];
  readonly removedBelow: number[] = [];
  readonly inputs: Input[] = [];
  readonly work = new BackgroundWork((error) => {
    throw error;
  });

  compaction(policy: { entries: number; bytes: number; tailEntries: number }): Compaction {
    return new Compaction({
      storage: {
        compact: async (metadata) => {
          this.base = metadata.index;
        },
        usage: () => ({
          logBytes: (this.last - this.base) * 100,
          snapshotBytes: 0,
          firstIndex: this.base + 1,
          lastIndex: this.last,
        }),
        removeSnapshotsBelow: async (index) => {
          this.removedBelow.push(index);
        },
      },
      stateMachine: {
        appliedIndex: () => this.last,
        flush: async () => {
          this.flushes += 1;
          return this.last;
        },
      },
      work: this.work,
      policy,
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      base: 0,
      feed: (input) => this.inputs.push(input),
      metadataAt: (index) => ({ index, term: 1, membership }),
      progress: () => this.progress,
      catchingUp: new CatchingUp({ now: () => 0 }, 1_000),
      snapshotInUse: () => this.snapshotInUse,
      maxHeldLogBytes: 5_000,
      letGo: (index) => {
        this.letGo.push(index);
        this.snapshotInUse = undefined;
      },
      suspended: () => this.suspended,
    });
  }

  /** Applies up to `last`, one entry at a time. */
  async applyTo(compaction: Compaction, last: number): Promise<void> {
    while (this.last < last) {
      this.last += 1;
      compaction.applied(this.last);
      await compaction.idle();
    }
  }
}

const follower: PeerProgress = {
  id: 2,
  state: "replicate",
  match: 0,
  next: 1,
  recentlyActive: true,
  snapshot: undefined,
};

describe("compaction", () => {
  it("leaves a tail, tells the algorithm, and drops the snapshots that nothing needs any more", async () => {
    const around = new Surroundings();
    await around.applyTo(around.compaction({ entries: 100, bytes: 1e9, tailEntries: 10 }), 101);
    expect(around.base).toBe(91);
    expect(around.inputs).toEqual([{ kind: "compacted", metadata: { index: 91, term: 1, membership } }]);
    expect(around.removedBelow).toEqual([91]);
  });

  it("goes by bytes too, and then leaves at most half of them", async () => {
    const around = new Surroundings();
    await around.applyTo(around.compaction({ entries: 1e9, bytes: 10_000, tailEntries: 1_000 }), 101);
    expect(around.base).toBe(51);
  });

  it("does not pass a snapshot that is being sent, nor tries again with every entry", async () => {
    const around = new Surroundings();
    around.snapshotInUse = 7;
    const compaction = around.compaction({ entries: 80, bytes: 1e9, tailEntries: 10 });
    await around.applyTo(compaction, 161);
    expect(around.base).toBe(7);
    expect(around.flushes).toBeGreaterThan(2);
    expect(around.flushes).toBeLessThan(10);
    around.snapshotInUse = undefined;
    await around.applyTo(compaction, 180);
    expect(around.base).toBeGreaterThan(150);
  });

  it("lets a snapshot go that the log has outgrown, and keeps the log within the bound (KNOWN-BUGS 37)", async () => {
    const around = new Surroundings();
    around.snapshotInUse = 7;
    const compaction = around.compaction({ entries: 80, bytes: 10_000, tailEntries: 10 });
    await around.applyTo(compaction, 156);
    expect(around.base).toBe(7);
    expect(around.letGo).toEqual([]);
    await around.applyTo(compaction, 190);
    expect(around.letGo).toHaveLength(1);
    expect(around.letGo[0]).toBeGreaterThan(140);
    expect(around.base).toBe(around.letGo[0]);
  });

  it("does not let a snapshot go that is not what the log is kept for", async () => {
    const around = new Surroundings();
    around.snapshotInUse = 1_000;
    around.progress = [{ ...follower, match: 1 }];
    await around.applyTo(around.compaction({ entries: 1e9, bytes: 50_000, tailEntries: 0 }), 600);
    expect(around.letGo).toEqual([]);
  });

  it("keeps the log behind a snapshot that has arrived until the follower has come through it", async () => {
    const around = new Surroundings();
    const policy = { entries: 80, bytes: 1e9, tailEntries: 10 };
    const compaction = around.compaction(policy);
    around.snapshotInUse = 7;
    around.progress = [{ ...follower, state: "snapshot" }];
    await around.applyTo(compaction, 300);
    around.snapshotInUse = undefined;
    for (const match of [7, 100, 200]) {
      around.progress = [{ ...follower, match }];
      await compaction.now();
      expect(around.base).toBe(match);
    }
    around.progress = [{ ...follower, match: 295 }];
    await compaction.now();
    expect(around.base).toBe(290);
  });

  it("lets a follower go that is slower than the log grows, and keeps the log within the bound", async () => {
    const around = new Surroundings();
    const compaction = around.compaction({ entries: 80, bytes: 10_000, tailEntries: 10 });
    around.progress = [{ ...follower, state: "snapshot" }];
    await compaction.now();
    around.progress = [{ ...follower, match: 7 }];
    await around.applyTo(compaction, 156);
    expect(around.base).toBe(7);
    await around.applyTo(compaction, 190);
    expect(around.letGo).toHaveLength(1);
    expect(around.base).toBe(around.letGo[0]);
  });

  it("does not try again with every entry by bytes either", async () => {
    const around = new Surroundings();
    around.snapshotInUse = 0;
    await around.applyTo(around.compaction({ entries: 1e9, bytes: 8_000, tailEntries: 10 }), 160);
    expect(around.flushes).toBeGreaterThan(2);
    expect(around.flushes).toBeLessThan(10);
  });

  it("spares a follower that is active and close behind, and no other", async () => {
    const policy = { entries: 100, bytes: 1e9, tailEntries: 10 };
    const close = new Surroundings();
    close.progress = [{ ...follower, match: 40 }];
    await close.applyTo(close.compaction(policy), 101);
    expect(close.base).toBe(40);
    const silent = new Surroundings();
    silent.progress = [{ ...follower, match: 40, recentlyActive: false }];
    await silent.applyTo(silent.compaction(policy), 101);
    expect(silent.base).toBe(91);
    const far = new Surroundings();
    far.progress = [{ ...follower, match: 0 }];
    await far.applyTo(far.compaction(policy), 101);
    expect(far.base).toBe(91);
  });

  it("counts from a snapshot that has taken the log's place", () => {
    const compaction = new Surroundings().compaction({ entries: 100, bytes: 1e9, tailEntries: 10 });
    compaction.reset(50);
    compaction.reset(40);
    expect(compaction.base).toBe(50);
  });

  it("is done at once when it is asked for, due or not, with the same tail and regard for followers", async () => {
    const around = new Surroundings();
    const compaction = around.compaction({ entries: 1e9, bytes: 1e9, tailEntries: 10 });
    await around.applyTo(compaction, 50);
    expect(around.flushes).toBe(0);
    await compaction.now();
    expect(around.flushes).toBe(1);
    expect(around.base).toBe(40);
    await around.applyTo(compaction, 60);
    around.progress = [{ ...follower, match: 45 }];
    await Promise.all([compaction.now(), compaction.now()]);
    expect(around.flushes).toBe(3);
    expect(around.base).toBe(45);
    around.suspended = true;
    await compaction.now();
    expect(around.flushes).toBe(3);
  });

  it("does nothing while it is suspended", async () => {
    const around = new Surroundings();
    around.suspended = true;
    await around.applyTo(around.compaction({ entries: 10, bytes: 1e9, tailEntries: 1 }), 30);
    expect(around.flushes).toBe(0);
  });
});
