import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * The leader's machine is suspended, and its clock with it. When it goes on, by its clock no time has passed, and another
 * one leads: it must not read by its lease.
 */
export const aLeaderThatWasSuspended: Scenario = {
  name: "a leader that was suspended",
  plan: (drawn) => {
    const plan = undisturbed(drawn, 3);
    return { ...plan, config: { ...plan.config, maxClockDrift: 0.02 } };
  },
  async play(stage) {
    const { chance } = stage;
    const leader = await stage.leader();
    const others = stage.others(leader);
    await stage.wait(chance.between(0, 50));
    leader.suspend();
    await stage.until("another leader", () => others.some((machine) => statusOf(machine)?.role === "leader"));
    await stage.serves(others);
    stage.cutOff(leader);
    leader.resume();
    for (let read = 0; read < 20; read++) {
      stage.readByLease(leader);
      await stage.wait(chance.between(0, 5));
    }
    stage.heal();
  },
};
