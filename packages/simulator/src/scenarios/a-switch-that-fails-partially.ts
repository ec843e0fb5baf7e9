import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * One link fails, in one direction or in both, and everybody else reaches everybody (Cloudflare, "A Byzantine failure in
 * the real world"). The cluster goes on serving, and no storm of elections comes of it.
 */
export const aSwitchThatFailsPartially: Scenario = {
  name: "a switch that fails partially",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, chance.pick([3, 5]) ?? 3);
    return { ...plan, workload: { ...plan.workload, clients: 2, thinkMs: 100 } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    const other = chance.pick(stage.others(leader)) ?? leader;
    const one = chance.happens(0.7) ? leader : (chance.pick(stage.others(leader, other)) ?? leader);
    const ways: readonly (readonly [typeof one, typeof other])[] = [
      [one, other],
      [other, one],
    ];
    stage.cut(...(chance.happens(0.5) ? ways : [chance.pick(ways) ?? [one, other]]));
    const { term } = statusOf(leader) ?? { term: 0 };
    await stage.wait(3 * electionTimeoutMaxMs);
    await stage.serves();
    await stage.wait(13 * electionTimeoutMaxMs);
    await stage.serves();
    const terms = stage.machines.map((machine) => statusOf(machine)?.term ?? 0);
    if (Math.max(...terms) > term + 4) throw new Error(`one broken link made ${Math.max(...terms) - term} elections`);
    stage.heal();
  },
};
