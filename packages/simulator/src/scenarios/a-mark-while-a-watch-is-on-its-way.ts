import { type Scenario, undisturbed, withClient } from "./scenario.ts";

/** What a stream of watches is told of progress comes every three seconds. */
const markMs = 3_500;

/**
 * A client watches, and hears of its node how far all that it watches has come. It opens another watch, from the past, and what
 * it says does not reach the node for a while, though what the node says reaches the client: that is not about the new watch.
 */
export const aMarkWhileAWatchIsOnItsWay: Scenario = {
  name: "a mark while a watch is on its way",
  plan: (drawn, chance) => withClient(undisturbed(drawn, chance.pick([1, 3]) ?? 3)),
  async play(stage) {
    const { chance } = stage;
    await stage.leader();
    await stage.keepHistory();
    let { revision } = await stage.client.put("story", "0");
    const first = stage.watch(revision);
    await stage.until("a watch that is served", () => first.through > 0);
    for (let round = 1; round <= 3; round++) {
      for (let writes = chance.integer(2, 6); writes > 0; writes--) {
        ({ revision } = await stage.client.put("story", `${writes}`));
      }
      await stage.wait(chance.between(0, 500));
      stage.muteClient(true);
      const second = stage.watch(revision - 1);
      await stage.wait(markMs);
      stage.muteClient(false);
      await stage.until("another one that is served", () => second.through > 0);
    }
  },
};
