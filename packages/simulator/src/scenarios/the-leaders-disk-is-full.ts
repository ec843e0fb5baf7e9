import { type Scenario, undisturbed } from "./scenario.ts";

/** The disk of whoever leads fills up, and stays full for a while: it stops, and the others go on without it. */
export const theLeadersDiskIsFull: Scenario = {
  name: "the leader's disk is full",
  plan: (drawn) => {
    const plan = undisturbed(drawn, 3);
    return { ...plan, workload: { ...plan.workload, clients: 3, thinkMs: 10 } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    for (let times = chance.integer(1, 3); times > 0; times--) {
      const leader = await stage.leader();
      leader.fillDisk(chance.between(1, 5) * electionTimeoutMaxMs);
      await stage.until("the leader has stopped", () => leader.down);
      await stage.serves(stage.others(leader));
    }
  },
};
