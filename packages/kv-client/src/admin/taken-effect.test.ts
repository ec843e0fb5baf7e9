import { describe, expect, it } from "vitest";
import type { Member } from "../node-status.ts";
import type { MembershipStep } from "./membership-step.ts";
import { hasTakenEffect } from "./taken-effect.ts";

const member = (nodeId: number, more: Partial<Member> = {}): Member => ({
  nodeId,
  address: `n${nodeId}:1`,
  memberId: `m${nodeId}`,
  learner: false,
  promoteWhenCaughtUp: false,
  leaving: false,
  priority: 0,
  ...more,
});
const members = [member(1), member(2, { priority: 5 }), member(4, { learner: true })];

describe("whether a change has taken effect, going by the members", () => {
  it.each<[readonly MembershipStep[], boolean]>([
    [[{ kind: "promote", nodeId: 1 }], true],
    [[{ kind: "promote", nodeId: 4 }], false],
    [[{ kind: "promote", nodeId: 9 }], false],
    [[{ kind: "demote", nodeId: 4 }], true],
    [[{ kind: "demote", nodeId: 1 }], false],
    [[{ kind: "remove", nodeId: 3 }], true],
    [[{ kind: "remove", nodeId: 2 }], false],
    [[{ kind: "replace", nodeId: 3, by: 2 }], true],
    [[{ kind: "replace", nodeId: 3, by: 4 }], false],
    [[{ kind: "replace", nodeId: 1, by: 2 }], false],
    [[{ kind: "move", nodeId: 2, address: "n2:1" }], true],
    [[{ kind: "move", nodeId: 2, address: "n2:2" }], false],
    [[{ kind: "setPriority", nodeId: 2, priority: 5 }], true],
    [[{ kind: "setPriority", nodeId: 2, priority: 6 }], false],
    [[{ kind: "addLearner", address: "n4:1" }], true],
    [[{ kind: "addLearner", address: "n1:1" }], false],
    [[{ kind: "addLearner", address: "n1:1", promoteWhenCaughtUp: true }], true],
    [[{ kind: "addLearner", address: "n9:1" }], false],
    [[{ kind: "addVoter", address: "n1:1" }], true],
    [[{ kind: "addVoter", address: "n4:1" }], false],
  ])("%j: %s", (steps, expected) => expect(hasTakenEffect(steps, members)).toBe(expected));

  it("asks for every step, and lets a later step of a member win over an earlier one", () => {
    const demoteOne: MembershipStep = { kind: "demote", nodeId: 1 };
    expect(hasTakenEffect([{ kind: "remove", nodeId: 3 }, demoteOne], members)).toBe(false);
    expect(hasTakenEffect([demoteOne, { kind: "promote", nodeId: 1 }], members)).toBe(true);
    expect(
      hasTakenEffect(
        [
          { kind: "addLearner", address: "n1:1" },
          { kind: "promote", nodeId: 1 },
        ],
        members,
      ),
    ).toBe(true);
  });

  it("takes a voter of a joint membership that is leaving for one that goes or learns, not for one that stays", () => {
    const leaving = [member(1, { leaving: true })];
    expect(hasTakenEffect([{ kind: "promote", nodeId: 1 }], leaving)).toBe(false);
    expect(hasTakenEffect([{ kind: "demote", nodeId: 1 }], leaving)).toBe(true);
    expect(hasTakenEffect([{ kind: "remove", nodeId: 1 }], leaving)).toBe(true);
  });
});
