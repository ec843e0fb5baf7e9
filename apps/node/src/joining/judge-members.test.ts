import type { Formation } from "@raftkv/transport-connect";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../exit/exit-code.ts";
import { judgeMembers, type MemberAnswer } from "./judge-members.ts";

const self = { nodeId: 4, memberId: "fresh", address: "10.0.0.4:1" };

function formation(clusterId: string, ...members: readonly (readonly [number, string])[]): Formation {
  const membership = {
    voters: members.map(([id]) => id),
    outgoingVoters: [],
    learners: [],
    members: members.map(([id, memberId]) => ({ id, address: `10.0.0.${id}:1`, memberId })),
  };
  return { clusterId, membership, foundingMembership: undefined, membershipCommitted: true, commitIndex: 9 };
}

const answer = (nodeId: number, formation: Formation | undefined): MemberAnswer => ({
  kind: "introduced",
  address: `10.0.0.${nodeId}:1`,
  introduction: { nodeId, memberId: `member-${nodeId}`, formation },
});
const silence: MemberAnswer = { kind: "unreachable", address: "10.0.0.9:1", reason: "refused" };
const before = formation("c", [1, "one"], [2, "two"]);
const after = formation("c", [1, "one"], [2, "two"], [4, "fresh"]);

describe("a node that joins", () => {
  it("is a member as soon as one member says so, whatever others know yet", () => {
    expect(judgeMembers(self, [silence, answer(2, before), answer(1, after)])).toEqual({
      kind: "added",
      formation: after,
    });
  });

  it("waits until then", () => {
    expect(judgeMembers(self, [silence, answer(1, before)])).toEqual({ kind: "wait", obstacles: [] });
  });

  it("says that it finds no cluster", () => {
    expect(judgeMembers(self, [silence, answer(1, undefined)])).toEqual({
      kind: "wait",
      obstacles: ["nobody answers at 10.0.0.9:1 (refused)", "node 1 at 10.0.0.1:1 belongs to no cluster yet"],
    });
  });

  it("says that its id is another's, and never takes its place by itself", () => {
    const taken = formation("c", [1, "one"], [4, "former"]);
    expect(judgeMembers(self, [answer(1, taken)])).toEqual({
      kind: "wait",
      obstacles: [expect.stringMatching(/has a node 4 already, at 10\.0\.0\.4:1.*raftkv member remove 4/)],
    });
  });

  it("is not told which of two clusters is meant", () => {
    const answers = [answer(1, before), answer(5, formation("d", [5, "five"]))];
    expect(() => judgeMembers(self, answers)).toThrow(
      expect.objectContaining({
        exitCode: exitCodes.usage,
        message: "--join: the addresses belong to different clusters (10.0.0.1:1 to c, 10.0.0.5:1 to d)",
      }),
    );
  });
});
