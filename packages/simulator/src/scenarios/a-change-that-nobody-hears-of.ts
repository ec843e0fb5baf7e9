import type { MembershipStep } from "@raftkv/raft-core";
import type { Machine } from "../machine/machine.ts";
import type { Chance } from "../scheduler/chance.ts";
import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * A leader that is cut off, alone or with a minority, changes the membership, and goes by the new one at once. The others
 * elect another leader, whose log takes the place of its own: what it goes by then is again what was before.
 */
export const aChangeThatNobodyHearsOf: Scenario = {
  name: "a change that nobody hears of",
  plan: (drawn, chance) => undisturbed(drawn, chance.pick([3, 5]) ?? 3),
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    const others = chance.shuffle(stage.others(leader));
    const minority = [leader, ...others.slice(0, chance.integer(0, others.length / 2 - 1))];
    const majority = stage.others(...minority);
    stage.cut(
      ...minority.flatMap((one) => majority.flatMap((other) => [[one, other] as const, [other, one] as const])),
    );
    stage.change(leader, { steps: [drawStep(others, chance)], transition: "auto", force: true });
    const { membershipIndex = 0, commit = 0 } = statusOf(leader) ?? {};
    await stage.until("the change is appended", () => (statusOf(leader)?.membershipIndex ?? 0) > membershipIndex);
    await stage.wait(chance.between(0, 0.5) * electionTimeoutMaxMs);
    const restarted = minority.filter(() => chance.happens(0.3));
    for (const machine of restarted) stage.crash(machine);
    await stage.serves(majority);
    for (const machine of restarted) stage.bringBack(machine);
    stage.heal();
    await stage.until("its log is the others' again", () => (statusOf(leader)?.commit ?? 0) > commit);
  },
};

function drawStep(others: readonly Machine[], chance: Chance): MembershipStep {
  const { id } = chance.pick(others) ?? { id: 0 };
  const priority = chance.integer(1, 100);
  return (
    chance.pick<MembershipStep>([
      { kind: "demote", id },
      { kind: "remove", id },
      { kind: "setPriority", id, priority },
    ]) ?? { kind: "demote", id }
  );
}
