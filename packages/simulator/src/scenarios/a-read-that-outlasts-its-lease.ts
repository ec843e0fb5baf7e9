import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/** A leader begins to read by its lease, and is cut off. When the disk has what is asked for, another one leads. */
export const aReadThatOutlastsItsLease: Scenario = {
  name: "a read that outlasts its lease",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, chance.pick([3, 5]) ?? 3);
    return { ...plan, config: { ...plan.config, maxClockDrift: 0.2 } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    for (let read = 0; read < 20; read++) {
      stage.readByLease(leader, chance.between(0.5, 4) * electionTimeoutMaxMs);
      await stage.wait(chance.between(0, 5));
    }
    stage.cutOff(leader);
    const others = stage.others(leader);
    await stage.until("another leader", () => others.some((machine) => statusOf(machine)?.role === "leader"));
    await stage.serves(others);
    await stage.wait(4 * electionTimeoutMaxMs);
    stage.heal();
  },
};
