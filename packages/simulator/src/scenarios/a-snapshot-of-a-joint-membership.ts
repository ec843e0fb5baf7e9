import type { Machine } from "../machine/machine.ts";
import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * The membership is joint, and stays so, when a member that was away needs a snapshot: that says so too, and whoever has
 * taken it over goes by both majorities.
 */
export const aSnapshotOfAJointMembership: Scenario = {
  name: "a snapshot of a joint membership",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, 5);
    const snapshot = { entries: chance.integer(1, 4), bytes: 1_000_000, tailEntries: 0 };
    return {
      ...plan,
      config: { ...plan.config, snapshot, snapshotsFromFollowers: chance.happens(0.5) },
      merge: { intervalMs: 1, mergeBytes: 1 },
    };
  },
  async play(stage) {
    const { chance } = stage;
    const leader = await stage.leader();
    const [away, ...others] = chance.shuffle(stage.others(leader));
    if (away === undefined) return;
    const isDown = chance.happens(0.5);
    if (isDown) stage.crash(away);
    else stage.cutOff(away);
    const demoted = others.slice(0, chance.integer(1, 2));
    stage.change(leader, {
      steps: demoted.map(({ id }) => ({ kind: "demote", id })),
      transition: "explicit",
      force: true,
    });
    await stage.until("the joint membership is committed", () => isJoint(leader));
    const { commit } = statusOf(leader) ?? { commit: 0 };
    while (stage.baseOf(leader) < commit) await stage.write(leader);
    if (isDown) stage.bringBack(away);
    stage.heal();
    await stage.until("it has caught up", () => isJoint(away) && statusOf(away)?.commit === statusOf(leader)?.commit);
    const leads = chance.happens(0.5);
    if (!leads) stage.crash(leader);
    await stage.serves(leads ? stage.machines : stage.others(leader));
  },
};

function isJoint(machine: Machine): boolean {
  const joint = statusOf(machine)?.committedMembership.outgoingVoters ?? [];
  return joint.length > 0;
}
