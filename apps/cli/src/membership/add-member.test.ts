import { RaftKvError } from "@raftkv/kv-client/admin";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeCluster, FakePace } from "../testing/fake-cluster.ts";
import { type AddPlan, type AddResult, addMember } from "./add-member.ts";

let cluster: FakeCluster;
let interrupt: AbortController;
let said: string[];
let fractions: number[];

beforeEach(() => {
  cluster = new FakeCluster();
  interrupt = new AbortController();
  said = [];
  fractions = [];
});

function add(more: Partial<AddPlan> = {}): Promise<AddResult> {
  const plan: AddPlan = {
    address: "n4:1",
    as: "promoted",
    priority: 0,
    wait: true,
    force: false,
    timeoutMs: 5_000,
    stallTimeoutMs: 60_000,
    ...more,
  };
  const report = {
    say: (text: string) => said.push(text),
    progress: ({ fraction }: { fraction: number }) => fractions.push(fraction),
  };
  return addMember({ cluster, pace: new FakePace() }, plan, report, interrupt.signal);
}

/** The leader promotes the learner at that look. */
const promoteAt = (promotion: number): void => {
  cluster.onLook = (look) => {
    if (look === promotion) cluster.members = cluster.members.map((member) => ({ ...member, learner: false }));
  };
};

describe("adding a member", () => {
  it("waits until the cluster has promoted it", async () => {
    cluster.waits(4);
    promoteAt(6);
    const { member, added } = await add({ priority: 7 });
    expect([cluster.text, added, member.nodeId, member.priority]).toEqual(["1 2 3 4", true, 4, 7]);
    expect(cluster.asked).toEqual(["addLearner n4:1"]);
    expect(fractions.length).toBe(5);
  });

  it("waits for a learner until it has caught up, and leaves it one", async () => {
    cluster.waits(4);
    await add({ as: "learner" });
    expect(cluster.text).toBe("1 2 3 4?");
    expect(fractions.at(-1)).toBe(1);
    expect(cluster.members.at(-1)).toMatchObject({ promoteWhenCaughtUp: false });
  });

  it("adds a voter at once where that is asked for", async () => {
    cluster.waits(4);
    await add({ as: "voter" });
    expect([cluster.asked, cluster.text]).toEqual([["addVoter n4:1"], "1 2 3 4"]);
  });

  it("does not wait where it is not to", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    expect((await add({ wait: false })).after.members).toHaveLength(4);
    expect(fractions).toEqual([]);
  });

  it("goes on with one that was added before", async () => {
    cluster.members.push(cluster.member(4, { learner: true, promoteWhenCaughtUp: true }));
    promoteAt(4);
    expect(await add()).toMatchObject({ added: false, member: { nodeId: 4, learner: false } });
    expect(cluster.asked).toEqual([]);
  });

  it.each<[Partial<AddPlan>, () => void, string]>([
    [{}, () => undefined, "nobody answers at n4:1"],
    [{}, () => cluster.listening.set("n4:1", { memberId: "m", clusterId: "other" }), "belongs to another cluster"],
    [{}, () => cluster.members.push(cluster.member(4, { learner: true })), "raftkv member promote 4"],
    [{ as: "learner" }, () => cluster.members.push(cluster.member(4)), "raftkv member demote 4"],
    [
      {},
      () => {
        cluster.waits(4);
        cluster.members.push(cluster.member(4, { memberId: "lost" }));
      },
      "another data directory than the one that is there now: to add that one, remove the member first",
    ],
  ])("refuses what cannot be, and says what can (%#)", async (plan, arrange, message) => {
    arrange();
    await expect(add(plan)).rejects.toThrow(message);
    expect(cluster.asked).toEqual([]);
  });

  it("leaves it as it is where the waiting is interrupted, or comes to nothing, and says so", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    await expect(add()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/no progress for 60 s: it does not answer; it stays a member, .* member remove 4/),
    });
    interrupt.abort();
    await expect(add()).rejects.toMatchObject({
      name: "Interrupted",
      message:
        "interrupted: it stays a member, and becomes a voter once it has caught up; to take it back: raftkv member remove 4",
    });
    expect(cluster.text).toBe("1 2 3 4?");
  });

  it("waits for a change that is in the way, unless that stays until it is left", async () => {
    cluster.waits(4);
    let inTheWay = 2;
    cluster.onChange = () => {
      if (inTheWay-- > 0) throw new RaftKvError("CHANGE_IN_PROGRESS", "not committed yet");
    };
    await add({ wait: false });
    expect(cluster.asked).toHaveLength(3);
    cluster.waits(5);
    inTheWay = 100;
    cluster.leavesOnRequest = true;
    await expect(add({ address: "n5:1" })).rejects.toMatchObject({ code: "CHANGE_IN_PROGRESS" });
    expect(cluster.asked).toHaveLength(4);
  });
});
