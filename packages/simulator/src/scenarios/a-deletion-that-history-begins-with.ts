import { type Scenario, undisturbed, withClient } from "./scenario.ts";

/** History is given up before the revision at which a key was deleted. Who watches from there is told of the deletion. */
export const aDeletionThatHistoryBeginsWith: Scenario = {
  name: "a deletion that history begins with",
  plan: (drawn, chance) => {
    const plan = withClient(undisturbed(drawn, chance.pick([1, 3]) ?? 3));
    return { ...plan, merge: { intervalMs: 5, mergeBytes: 200 } };
  },
  async play(stage) {
    const { chance } = stage;
    await stage.leader();
    await stage.keepHistory();
    for (let round = 1; round <= 5; round++) {
      const { client } = stage;
      for (let writes = chance.integer(1, 4); writes > 0; writes--) await client.put("story", `${writes}`);
      const { revision } = await client.delete("story");
      for (let writes = chance.integer(1, 4); writes > 0; writes--) await client.put("later", `${writes}`);
      await client.compact(revision);
      // What is merged by then, and superfluous, goes.
      for (let writes = 0; writes < 5; writes++) {
        await client.put("later", `${writes}`);
        await stage.wait(200);
      }
      stage.watch(revision);
      await stage.wait(chance.between(50, 500));
    }
  },
};
