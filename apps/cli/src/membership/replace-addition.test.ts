import { RaftKvError } from "@raftkv/kv-client/admin";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeCluster, FakePace } from "../testing/fake-cluster.ts";
import { ReplaceMember, type ReplaceResult } from "./replace-member.ts";

let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
});

/** Node 4 for node 3. */
function replace(): Promise<ReplaceResult> {
  const plan = { nodeId: 3, address: "n4:1", timeoutMs: 5_000, stallTimeoutMs: 60_000, force: false };
  const report = { say: () => undefined, progress: () => undefined };
  return new ReplaceMember({ cluster, pace: new FakePace() }, plan, report).run(new AbortController().signal);
}

const unknown = (): RaftKvError => new RaftKvError("OUTCOME_UNKNOWN", "the answer was lost", { outcomeUnknown: true });

describe("a replacement whose addition has no clear answer", () => {
  it("finds out about an addition of unknown outcome", async () => {
    cluster.waits(4);
    cluster.onChange = (step, make) => {
      if (step.kind !== "addLearner") return;
      make();
      throw unknown();
    };
    await expect(replace()).rejects.toThrow("the answer was lost; the learner 4 is removed again");
    expect(cluster.text).toBe("1 2 3");
  });

  it("waits for the membership to be settled before it believes that the addition was not made", async () => {
    cluster.waits(4);
    cluster.onChange = (step, make) => {
      if (step.kind !== "addLearner") return;
      cluster.membershipCommitted = false;
      cluster.onLook = (look) => {
        if (look !== 4) return;
        make();
        cluster.membershipCommitted = true;
      };
      throw unknown();
    };
    await expect(replace()).rejects.toThrow("the answer was lost; the learner 4 is removed again");
    expect(cluster.text).toBe("1 2 3");
  });

  it("says what may be left where nobody tells what has come of the addition", async () => {
    cluster.waits(4);
    cluster.onChange = (step, make) => {
      if (step.kind !== "addLearner") return;
      make();
      cluster.onLook = () => {
        throw new RaftKvError("DEADLINE_EXCEEDED", "no leader");
      };
      throw unknown();
    };
    await expect(replace()).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/^n4:1 may be a learner now: .* takes it back \(the answer was lost\)$/),
    });
  });

  it("leaves alone what somebody else has added, where the addition was refused", async () => {
    cluster.waits(4);
    cluster.onChange = (step, make) => {
      if (step.kind !== "addLearner") return;
      make();
      throw new RaftKvError("INVALID_CHANGE", "node 4 is a member already");
    };
    await expect(replace()).rejects.toThrow("a member already");
    expect(cluster.text).toBe("1 2 3 4?");
  });
});
