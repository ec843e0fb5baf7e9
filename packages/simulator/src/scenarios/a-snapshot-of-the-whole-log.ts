import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * A member that was away needs a snapshot, and that is all it needs: nothing has been written since, and nothing is for a
 * while. Messages get lost, such as the one that acknowledges it: its leader has to find out all the same.
 */
export const aSnapshotOfTheWholeLog: Scenario = {
  name: "a snapshot of the whole log",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, chance.pick([3, 5]) ?? 3);
    const snapshot = { entries: 1, bytes: 1_000_000, tailEntries: 0 };
    return {
      ...plan,
      config: { ...plan.config, snapshot, snapshotsFromFollowers: chance.happens(0.5) },
      network: { ...plan.network, dropRate: chance.between(0.1, 0.4) },
      merge: { intervalMs: 1, mergeBytes: 1 },
    };
  },
  async play(stage) {
    const { chance, electionTimeoutMaxMs } = stage;
    const leader = await stage.leader();
    const away = chance.pick(stage.others(leader));
    if (away === undefined) return;
    const isDown = chance.happens(0.5);
    if (isDown) stage.crash(away);
    else stage.cutOff(away);
    // An entry that is not compacted by the next one is compacted by the one after that.
    for (let writes = chance.integer(4, 12); writes > 0; writes--) await stage.write(leader);
    while (stage.baseOf(leader) !== statusOf(leader)?.last.index) {
      await stage.write(leader);
      await stage.wait(electionTimeoutMaxMs / 10);
    }
    if (isDown) stage.bringBack(away);
    stage.heal();
    await stage.until("it has caught up", () => statusOf(away)?.applied === statusOf(leader)?.last.index);
    await stage.wait(4 * electionTimeoutMaxMs);
    await stage.leader();
  },
};
