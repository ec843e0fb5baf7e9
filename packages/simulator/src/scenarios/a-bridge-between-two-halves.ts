import { type Scenario, undisturbed } from "./scenario.ts";

/** Two halves that reach each other over one node only. It and either half are a majority: somebody leads and serves. */
export const aBridgeBetweenTwoHalves: Scenario = {
  name: "a bridge between two halves",
  plan: (drawn, chance) => undisturbed(drawn, chance.pick([3, 5]) ?? 3),
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    await stage.leader();
    const [, ...rest] = chance.shuffle(stage.machines);
    const half = rest.slice(0, rest.length / 2);
    const others = rest.slice(rest.length / 2);
    stage.cut(...half.flatMap((one) => others.flatMap((other) => [[one, other] as const, [other, one] as const])));
    await stage.wait(chance.between(0, 5) * electionTimeoutMaxMs);
    await stage.serves();
    stage.heal();
  },
};
