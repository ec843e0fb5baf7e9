import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * A leader tells its successor to campaign, and nobody hears of that campaign: the leader gives the handover up and leads
 * on, in a term that is past for the successor. When that is well again it has to find its way back.
 */
export const aSuccessorThatNobodyHears: Scenario = {
  name: "a successor that nobody hears",
  plan: (drawn, chance) => undisturbed(drawn, chance.pick([3, 5]) ?? 3),
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    const successor = chance.pick(stage.others(leader));
    if (successor === undefined) return;
    const { term } = statusOf(leader) ?? { term: 0 };
    const how = chance.pick(["cut off", "mute"] as const);
    successor.atEffect({ from: "voteRequest", after: 0 }, () => stage.cutOff(successor, how));
    stage.transfer(leader, successor);
    await stage.until("the successor campaigns", () => (statusOf(successor)?.term ?? 0) > term);
    await stage.wait(chance.spread(0.1, 4) * electionTimeoutMaxMs);
    await stage.serves(stage.others(successor));
    stage.heal();
  },
};
