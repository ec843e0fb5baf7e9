import { type Scenario, undisturbed } from "./scenario.ts";

/** All nodes crash at once, in the middle of writing, and again soon after they have come up. */
export const thePowerFailsAgainAndAgain: Scenario = {
  name: "the power fails again and again",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, chance.pick([1, 3, 5]) ?? 3);
    return { ...plan, workload: { ...plan.workload, clients: 6, thinkMs: 10 } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    for (let failures = chance.integer(3, 8); failures > 0; failures--) {
      await stage.wait(chance.spread(0.01, 1.5) * electionTimeoutMaxMs);
      for (const machine of stage.machines) stage.crash(machine);
      for (const machine of stage.machines) stage.bringBack(machine);
    }
  },
};
