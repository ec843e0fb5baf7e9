import type { MembershipStep } from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { membershipActions } from "../plan/plan.ts";
import { chanceOf } from "../scheduler/chance.ts";
import { drawChange, isPossible, type Situation } from "./draw-change.ts";

const member = (id: number) => ({ id, address: `node-${id}:1`, memberId: `member-${id}` });
const situation: Situation = {
  actions: membershipActions,
  current: { voters: [1, 2, 3], outgoingVoters: [], learners: [4], members: [1, 2, 3, 4].map(member) },
  outside: [member(5)],
  lost: [],
  addressOf: (id, number) => `node-${id}:${number}`,
};
const drawn = Array.from({ length: 300 }, (_, seed) => drawChange(chanceOf(seed, "change"), situation));
const changeBy = (...steps: readonly MembershipStep[]) => ({ steps, transition: "auto" }) as const;

describe("a change of the membership", () => {
  it("is drawn from every kind of step, alone and together, and in each manner", () => {
    const steps = drawn.flatMap((change) => change?.steps ?? []);
    expect(new Set(steps.map(({ kind }) => kind)).size).toBe(8);
    expect(drawn.some((change) => (change?.steps.length ?? 0) > 1)).toBe(true);
    expect(new Set(drawn.map((change) => `${change?.transition} ${change?.force}`)).size).toBe(4);
  });

  it("has only steps that are on", () => {
    const narrow: Situation = { ...situation, actions: ["remove"] };
    for (let seed = 0; seed < 50; seed++) {
      const change = drawChange(chanceOf(seed, "narrow"), narrow);
      expect(change?.steps.map(({ kind }) => kind)).toEqual(["remove"]);
    }
  });

  it("does without a lost disk while there is one", () => {
    expect(isPossible(changeBy({ kind: "remove", id: 2 }), [2])).toBe(true);
    expect(isPossible(changeBy({ kind: "replace", id: 2, by: 4 }), [2])).toBe(true);
    expect(isPossible(changeBy({ kind: "remove", id: 1 }), [2])).toBe(false);
    expect(isPossible(changeBy({ kind: "replace", id: 1, by: 4 }), [4])).toBe(false);
    expect(isPossible(changeBy({ kind: "promote", id: 4 }), [4])).toBe(false);
    expect(isPossible(changeBy({ kind: "remove", id: 2 }, { kind: "demote", id: 1 }), [2])).toBe(false);
    expect(isPossible(changeBy({ kind: "demote", id: 1 }), [])).toBe(true);
  });
});
