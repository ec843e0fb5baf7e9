import type { Machine } from "../machine/machine.ts";
import { type Scenario, undisturbed } from "./scenario.ts";
import { type Stage, statusOf } from "./stage.ts";

/**
 * A leader hands over and is handed leadership back, so that it numbers its rounds anew, while heartbeats of its former
 * term are still on their way. Then it stands still, cut off, until another leads and has committed something; and the first
 * thing that it does is to be asked for a read.
 */
export const aLeaderThatLeadsAgain: Scenario = {
  name: "a leader that leads again",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, chance.pick([3, 5]) ?? 3);
    const { electionTimeoutMinMs } = plan.config;
    // So that others elect before the leader itself gives up.
    const config = { ...plan.config, electionTimeoutMaxMs: 1.05 * electionTimeoutMinMs };
    return { ...plan, config, network: { ...plan.network, lateRate: 0.4, lateMaxMs: 4 * electionTimeoutMinMs } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    const other = chance.pick(stage.others(leader));
    if (other === undefined) return;
    await stage.wait(chance.between(8, 20) * electionTimeoutMaxMs);
    await handOver(stage, other);
    await handOver(stage, leader);
    await stage.wait(chance.between(0.5, 2) * electionTimeoutMaxMs);
    stage.calmNetwork();
    await handOver(stage, leader);
    stage.cutOff(leader);
    leader.pause();
    const commit = statusOf(leader)?.commit ?? 0;
    const others = stage.others(leader);
    await stage.until("others commit", () => others.some((machine) => (statusOf(machine)?.commit ?? 0) > commit));
    stage.read(leader);
    leader.resume();
    await stage.wait(electionTimeoutMaxMs);
  },
};

/** Whoever leads hands over until that one does: what it says may come too late. */
async function handOver(stage: Stage, to: Machine): Promise<void> {
  while (statusOf(to)?.role !== "leader") {
    const leader = stage.machines.find((machine) => statusOf(machine)?.role === "leader");
    if (leader !== undefined && leader !== to) stage.transfer(leader, to);
    await stage.wait(stage.electionTimeoutMaxMs / 4);
  }
}
