import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * A follower is cut off until it wants to lead. In the moment in which it is well again its leader is cut off, and reads
 * by its lease: the others keep to what they promised it, and elect nobody before the lease is over.
 */
export const aCandidateThatWasAway: Scenario = {
  name: "a candidate that was away",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, 3);
    return { ...plan, config: { ...plan.config, maxClockDrift: chance.pick([0.02, 0.2, 0.5]) } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    for (let round = 1; round <= 5; round++) {
      const leader = await stage.leader();
      const away = chance.pick(stage.others(leader));
      if (away === undefined) return;
      stage.cutOff(away);
      await stage.until("the one that is away wants to lead", () => statusOf(away)?.role === "preCandidate");
      await stage.wait(chance.between(0, electionTimeoutMaxMs));
      stage.cutOff(leader);
      for (let waitedMs = 0; waitedMs < electionTimeoutMaxMs; ) {
        const pauseMs = chance.between(1, electionTimeoutMaxMs / 40);
        await stage.wait(pauseMs);
        waitedMs += pauseMs;
        stage.readByLease(leader);
      }
      stage.heal();
    }
  },
};
