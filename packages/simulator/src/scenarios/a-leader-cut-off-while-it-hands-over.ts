import { type Scenario, undisturbed } from "./scenario.ts";

/** A leader tells its successor to campaign, hears nothing any more, and goes on answering reads as long as it may. */
export const aLeaderCutOffWhileItHandsOver: Scenario = {
  name: "a leader cut off while it hands over",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, chance.pick([3, 5]) ?? 3);
    return { ...plan, config: { ...plan.config, maxClockDrift: 0.02 } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    leader.atEffect({ from: "timeoutNowRequest", after: 0 }, () => stage.cutOff(leader, "deaf"));
    stage.transfer(leader, undefined);
    for (let waitedMs = 0; waitedMs < 2 * electionTimeoutMaxMs; ) {
      const pauseMs = chance.between(1, electionTimeoutMaxMs / 40);
      await stage.wait(pauseMs);
      waitedMs += pauseMs;
      stage.readByLease(leader);
    }
    stage.heal();
  },
};
