import { RaftKvError } from "@raftkv/kv-client/admin";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeCluster, FakePace } from "../testing/fake-cluster.ts";
import type { CatchUpProgress } from "./catch-up.ts";
import { ReplaceMember, type ReplacePlan, type ReplaceResult } from "./replace-member.ts";

let cluster: FakeCluster;
let interrupt: AbortController;
let said: string[];
let seen: CatchUpProgress[];
let operation: ReplaceMember;

beforeEach(() => {
  cluster = new FakeCluster();
  interrupt = new AbortController();
  said = [];
  seen = [];
});

/** Node 4 for node 3, unless told. */
function replace(more: Partial<ReplacePlan> = {}): Promise<ReplaceResult> {
  const plan = { nodeId: 3, address: "n4:1", timeoutMs: 5_000, stallTimeoutMs: 60_000, force: false, ...more };
  const report = { say: (text: string) => said.push(text), progress: (at: CatchUpProgress) => seen.push(at) };
  operation = new ReplaceMember({ cluster, pace: new FakePace() }, plan, report);
  return operation.run(interrupt.signal);
}

const unknown = (message = "the answer was lost"): RaftKvError =>
  new RaftKvError("OUTCOME_UNKNOWN", message, { outcomeUnknown: true });

describe("replacing a member", () => {
  it("adds the new node as a learner, waits for it, and swaps the two in one change", async () => {
    cluster.waits(4);
    const { by, changed, status } = await replace();
    expect(cluster.asked).toEqual(["addLearner n4:1", "replace 3 by 4"]);
    expect(cluster.text).toBe("1 2 4");
    expect([by.nodeId, changed, status.leaderId]).toEqual([4, true, 1]);
    expect(seen.map(({ fraction }) => fraction)).toEqual([0, expect.closeTo(2 / 3), 1]);
    expect(operation.leftBehind()).toBeUndefined();
  });

  it("gives the new node the priority of the old one", async () => {
    cluster.waits(4);
    cluster.members = cluster.members.map((member) => ({ ...member, priority: member.nodeId * 10 }));
    await replace();
    expect(cluster.members.find(({ nodeId }) => nodeId === 4)).toMatchObject({ priority: 30 });
  });

  it("works where the old node is dead, and where it leads", async () => {
    cluster.waits(4);
    cluster.silent.add(3);
    await replace();
    expect(cluster.text).toBe("1 2 4");
    cluster.waits(5);
    cluster.onChange = (step) => {
      if (step.kind === "replace") cluster.leaderId = 2;
    };
    await replace({ nodeId: 1, address: "n5:1" });
    expect(cluster.text).toBe("2 4 5");
  });

  it("waits until the joint membership is left", async () => {
    cluster.waits(4);
    cluster.onChange = (step) => {
      cluster.joint = step.kind === "replace";
    };
    let looksWhileJoint = 0;
    cluster.onLook = () => {
      if (cluster.joint && ++looksWhileJoint === 3) cluster.joint = false;
    };
    await replace();
    expect([looksWhileJoint, cluster.text]).toEqual([3, "1 2 4"]);
  });
});

describe("before anything is changed", () => {
  it.each<[string, () => Partial<ReplacePlan>, string]>([
    ["nobody answers at the address", () => ({}), "nobody answers at n4:1"],
    [
      "the new node belongs to another cluster",
      () => {
        cluster.listening.set("n4:1", { memberId: "m", clusterId: "cluster-b" });
        return {};
      },
      "belongs to another cluster (cluster-b): start it on an empty data directory",
    ],
    ["the old node is no member", () => ({ nodeId: 9 }), "there is no node 9"],
    ["both have one address", () => ({ address: "n3:1" }), "raftkv member remove 3"],
    ["the new node is a voter", () => ({ address: "n2:1" }), "is a voter already"],
    [
      "the old node is a learner",
      () => {
        cluster.members.push(cluster.member(5, { learner: true }));
        return { nodeId: 5 };
      },
      "raftkv member add n4:1 --learner",
    ],
    [
      "the membership stays joint",
      () => {
        cluster.joint = true;
        cluster.leavesOnRequest = true;
        return {};
      },
      "raftkv member leave-joint",
    ],
    [
      "the new node is on its way to be a voter",
      () => {
        cluster.members.push(cluster.member(4, { learner: true, promoteWhenCaughtUp: true }));
        return {};
      },
      "becomes a voter by itself",
    ],
    [
      "the learner has lost its data directory",
      () => {
        cluster.waits(4);
        cluster.members.push(cluster.member(4, { learner: true, memberId: "former" }));
        return {};
      },
      "remove it first (raftkv member remove 4)",
    ],
  ])("it refuses where %s", async (_, arrange, message) => {
    const plan = arrange();
    const before = cluster.text;
    await expect(replace(plan)).rejects.toThrow(message);
    expect(cluster.asked).toEqual([]);
    expect(cluster.text).toBe(before);
  });
});

describe("an interruption or a failure before the swap", () => {
  it("removes the learner again where it never catches up and the operator has enough", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    cluster.onLook = (look) => {
      if (look === 10) interrupt.abort();
    };
    await expect(replace()).rejects.toMatchObject({
      name: "Interrupted",
      message: expect.stringMatching(/^interrupted; the learner 4 is removed again, and the members are as before/),
    });
    expect(cluster.asked).toEqual(["addLearner n4:1", "remove 4"]);
    expect(cluster.text).toBe("1 2 3");
    expect(said).toContainEqual(expect.stringContaining("interrupted: undoing what was done so far"));
  });

  it("undoes also where the operator has enough just as the learner has caught up", async () => {
    cluster.waits(4);
    cluster.entriesALook = 100;
    cluster.onLook = (look) => {
      if (look === 2) interrupt.abort();
    };
    await expect(replace()).rejects.toMatchObject({ name: "Interrupted" });
    expect(cluster.asked).toEqual(["addLearner n4:1", "remove 4"]);
    expect(seen).toMatchObject([{ fraction: 1 }]);
  });

  it("says meanwhile what a second one would leave behind", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    let left: string | undefined;
    cluster.onLook = (look) => {
      if (look === 3) left = operation.leftBehind();
      if (look === 4) interrupt.abort();
    };
    await expect(replace()).rejects.toThrow("interrupted");
    expect(left).toBe("node 4 at n4:1 is still a learner; to take it back: raftkv member remove 4");
  });

  it("removes the learner where it makes no progress for too long", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    await expect(replace()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/no progress for 60 s: it does not answer; the learner 4 is removed again/),
    });
    expect(cluster.text).toBe("1 2 3");
  });

  it("does not take slow for stuck", async () => {
    cluster.waits(4);
    cluster.entriesALook = 1;
    cluster.lastIndex = 2_000;
    await replace();
    expect(cluster.text).toBe("1 2 4");
  });

  it("waits for the answer to the addition, and then undoes it", async () => {
    cluster.waits(4);
    cluster.onChange = (step) => {
      if (step.kind === "addLearner") interrupt.abort();
    };
    await expect(replace()).rejects.toThrow("removed again");
    expect(cluster.text).toBe("1 2 3");
  });

  it("does not remove the node where somebody has promoted it meanwhile", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    cluster.onLook = (look) => {
      if (look !== 5) return;
      cluster.members = cluster.members.map((member) => ({ ...member, learner: false }));
      interrupt.abort();
    };
    await expect(replace()).rejects.toThrow("undoing failed (node 4 has become a voter)");
    expect(cluster.text).toBe("1 2 3 4");
  });

  it("says what is left where undoing fails too", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    cluster.onChange = (step) => {
      if (step.kind === "remove") throw new RaftKvError("DEADLINE_EXCEEDED", "no leader");
    };
    cluster.onLook = (look) => {
      if (look === 5) interrupt.abort();
    };
    await expect(replace()).rejects.toThrow(
      "interrupted; undoing failed (no leader): node 4 at n4:1 is still a learner; to take it back: raftkv member remove 4",
    );
  });

  it("ends where somebody else removes the learner", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    cluster.onLook = (look) => {
      if (look === 5) cluster.members.pop();
    };
    await expect(replace()).rejects.toThrow("node 4 is no member any more");
    expect(cluster.asked).toEqual(["addLearner n4:1"]);
  });

  it("undoes where the swap is refused, for certain", async () => {
    cluster.waits(4);
    cluster.onChange = (step) => {
      if (step.kind === "replace") throw new RaftKvError("WOULD_LOSE_QUORUM", "without node 2 it would be no quorum");
    };
    await expect(replace()).rejects.toMatchObject({
      code: "WOULD_LOSE_QUORUM",
      message: expect.stringContaining("the learner 4 is removed again"),
    });
    expect(cluster.text).toBe("1 2 3");
  });
});

describe("the swap", () => {
  it("is looked up where its outcome is unknown, and not repeated where it was made", async () => {
    cluster.waits(4);
    cluster.onChange = (step, make) => {
      if (step.kind !== "replace") return;
      make();
      throw unknown();
    };
    await replace();
    expect(cluster.asked).toEqual(["addLearner n4:1", "replace 3 by 4"]);
  });

  it("is repeated once the members show that it was not made", async () => {
    cluster.waits(4);
    let lost = 2;
    cluster.onChange = (step) => {
      if (step.kind !== "replace" || lost-- === 0) return;
      cluster.membershipCommitted = false;
      throw unknown();
    };
    cluster.onLook = (look) => {
      if (look % 4 === 0) cluster.membershipCommitted = true;
    };
    await replace();
    expect(cluster.asked).toEqual(["addLearner n4:1", ...Array(3).fill("replace 3 by 4")]);
    expect(cluster.text).toBe("1 2 4");
  });

  it("is not undone, whatever the operator does: the outcome is waited for", async () => {
    cluster.waits(4);
    let left: string | undefined;
    cluster.onChange = (step) => {
      if (step.kind !== "replace") return;
      left = operation.leftBehind();
      interrupt.abort();
    };
    await expect(replace()).resolves.toMatchObject({ changed: true });
    expect(cluster.text).toBe("1 2 4");
    expect(said.at(-1)).toContain("the swap has been asked for and is not taken back");
    expect(left).toContain("node 4 may have taken the place of node 3");
  });

  it("ends in doubt, with nothing undone, where nobody can tell", async () => {
    cluster.waits(4);
    cluster.onChange = (step) => {
      if (step.kind !== "replace") return;
      cluster.onLook = () => {
        throw new RaftKvError("DEADLINE_EXCEEDED", "no leader");
      };
      throw unknown();
    };
    await expect(replace()).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining("may still do so") });
    expect(cluster.text).toBe("1 2 3 4?");
  });

  it("waits for a change of somebody else", async () => {
    cluster.waits(4);
    let busy = 3;
    cluster.onChange = (step) => {
      if (step.kind === "replace" && busy-- > 0) throw new RaftKvError("CHANGE_IN_PROGRESS", "not committed yet");
    };
    await replace();
    expect(cluster.text).toBe("1 2 4");
  });
});

describe("a leader that changes in the middle", () => {
  it("is followed: the learner goes on under the next one", async () => {
    cluster.waits(4);
    cluster.entriesALook = 10;
    cluster.onLook = (look) => {
      if (look >= 5 && look < 8) throw new RaftKvError("DEADLINE_EXCEEDED", "nobody leads");
      if (look === 8) Object.assign(cluster, { leaderId: 2, term: 2, lastIndex: 130 });
    };
    await replace();
    expect(cluster.text).toBe("1 2 4");
    expect(seen.some(({ problem }) => problem === "no leader is reached")).toBe(true);
    expect(seen.at(-1)).toMatchObject({ fraction: 1, problem: undefined });
  });
});

describe("a second run", () => {
  it("goes on with the learner that an interrupted one has left", async () => {
    cluster.waits(4);
    cluster.members.push(cluster.member(4, { learner: true }));
    await replace();
    expect(cluster.asked).toEqual(["replace 3 by 4"]);
    expect(cluster.text).toBe("1 2 4");
  });

  it("leaves that learner where it is interrupted itself, and says so", async () => {
    cluster.waits(4);
    cluster.silent.add(4);
    cluster.members.push(cluster.member(4, { learner: true }));
    cluster.onLook = (look) => {
      if (look === 5) interrupt.abort();
    };
    await expect(replace()).rejects.toThrow("is still a learner; to take it back: raftkv member remove 4 (it was one");
    expect(cluster.text).toBe("1 2 3 4?");
  });

  it("waits for a swap that is under way", async () => {
    cluster.members[2] = cluster.member(3, { leaving: true });
    cluster.members.push(cluster.member(4));
    cluster.joint = true;
    cluster.onLook = (look) => {
      if (look !== 4) return;
      cluster.joint = false;
      cluster.members = cluster.members.filter(({ nodeId }) => nodeId !== 3);
    };
    expect(await replace()).toMatchObject({ changed: true });
    expect(cluster.asked).toEqual([]);
  });

  it("finds nothing to do where all is done", async () => {
    cluster.members[2] = cluster.member(4);
    expect(await replace()).toMatchObject({ changed: false, by: { nodeId: 4 } });
    expect(cluster.asked).toEqual([]);
  });
});
