import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * A learner becomes a voter while it is away, and has not heard of it when the leader crashes. Its vote is needed, by
 * whoever knows of the promotion: whether one may vote does not depend on what one knows of oneself.
 */
export const aPromotionThatIsNotHeardOf: Scenario = {
  name: "a promotion that is not heard of",
  plan: (drawn) => {
    const plan = undisturbed(drawn, 3);
    return { ...plan, membership: { ...plan.membership, learners: 1 } };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    const learner = stage.others(leader).find(({ id }) => statusOf(leader)?.membership.learners.includes(id));
    if (learner === undefined) throw new Error("nobody is a learner");
    stage.cutOff(learner, chance.pick(["cut off", "deaf"] as const));
    const step = { kind: "promote", id: learner.id } as const;
    stage.change(leader, { steps: [step], transition: "auto", force: true });
    await stage.until("the promotion is known to be committed", () =>
      stage.others(learner).every((machine) => statusOf(machine)?.committedMembership.voters.includes(learner.id)),
    );
    await stage.wait(chance.between(0, 2) * electionTimeoutMaxMs);
    stage.crash(leader);
    stage.cut();
    await stage.serves(stage.others(leader));
    stage.bringBack(leader);
  },
};
