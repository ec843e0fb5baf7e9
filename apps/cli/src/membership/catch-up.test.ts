import { beforeEach, expect, it } from "vitest";
import { FakeCluster, FakePace } from "../testing/fake-cluster.ts";
import { awaitCatchUp, type CatchUpProgress } from "./catch-up.ts";

let cluster: FakeCluster;
let seen: CatchUpProgress[];

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.members.push(cluster.member(4, { learner: true }));
  seen = [];
});

/** How many looks at the leader it takes until node 4 has caught up, or is a voter. */
async function looks(until: "caughtUp" | "voter" = "caughtUp"): Promise<number> {
  const goal = { nodeId: 4, memberId: "member-4", until, stallTimeoutMs: 10_000 } as const;
  const parts = { cluster, pace: new FakePace() };
  await awaitCatchUp(parts, goal, new AbortController().signal, (progress) => seen.push(progress));
  return seen.length;
}

it("has caught up as soon as it holds the leader's whole log", async () => {
  cluster.entriesALook = 100;
  expect(await looks()).toBe(1);
});

it("keeps up with a log that grows where it holds what was there at the look before", async () => {
  cluster.entriesALook = 40;
  cluster.onLook = (look) => {
    if (look > 1) cluster.lastIndex += 30;
  };
  // After look n it holds 40 n; the look before had 100 + 30 (n - 2).
  expect(await looks()).toBe(4);
  expect(seen.at(-1)?.replication?.lagEntries).toBe(30);
});

it("does not count the log of another term", async () => {
  cluster.entriesALook = 100;
  cluster.lastIndex = 250;
  cluster.onLook = (look) => {
    if (look === 3) Object.assign(cluster, { term: 2, lastIndex: 1_000 });
  };
  // At the third look it holds 300, more than the 250 of the look before.
  expect(await looks()).toBe(10);
});

it("has not caught up while the leader does not hear of it, whatever it held before", async () => {
  cluster.entriesALook = 100;
  cluster.onLook = (look) => {
    if (look === 1) cluster.silent.add(4);
    if (look === 6) cluster.silent.delete(4);
  };
  cluster.lastIndex = 0;
  expect(await looks()).toBe(6);
});

const obstacles: readonly (readonly [string, () => void, string | undefined])[] = [
  ["nothing", () => {}, undefined],
  ["a silent voter that is not needed", () => cluster.silent.add(2), undefined],
  [
    "voters that are needed",
    () => {
      for (const id of [2, 3]) cluster.silent.add(id);
    },
    "its vote waits for nodes 2, 3, which do not answer and would be needed for a majority",
  ],
  [
    "a joint membership that stays",
    () => Object.assign(cluster, { joint: true, leavesOnRequest: true }),
    "its vote waits for the joint membership to be left: raftkv member leave-joint",
  ],
  [
    "another change",
    () => Object.assign(cluster, { membershipCommitted: false }),
    "its vote waits for the change of the membership before it",
  ],
];
it.each(obstacles)("says what a learner that keeps up waits for: %s", async (_, happen, obstacle) => {
  cluster.entriesALook = 100;
  happen();
  const stalled = obstacle ?? "it is 0 entries behind";
  await expect(looks("voter")).rejects.toThrow(`node 4 has made no progress for 10 s: ${stalled}`);
  expect(seen.at(-1)?.obstacle).toBe(obstacle);
});

it("says nothing of its vote while it has not caught up", async () => {
  Object.assign(cluster, { joint: true, leavesOnRequest: true, entriesALook: 0 });
  await expect(looks("voter")).rejects.toThrow(/no progress/);
  expect(seen.at(-1)?.obstacle).toBeUndefined();
});
