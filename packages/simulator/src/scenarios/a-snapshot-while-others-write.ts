import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/** More than enough: where the log behind the snapshot is kept, some 200 do. */
const maxWrites = 500;

/**
 * A member that was away needs a snapshot, and others write all the while, so that the log has grown by more than it may
 * have when the snapshot has arrived. That is still to come to the member, entry by entry, and then it follows as the
 * others do.
 */
export const aSnapshotWhileOthersWrite: Scenario = {
  name: "a snapshot while others write",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, 3);
    return {
      ...plan,
      config: {
        ...plan.config,
        snapshot: { entries: 10, bytes: 1_000_000, tailEntries: chance.integer(0, 3) },
        snapshotsFromFollowers: chance.happens(0.5),
        snapshotBytesPerSecond: 150,
        snapshotTimeoutMs: 60_000,
        maxAppendBytes: 1,
        maxInflightMessages: 1,
      },
      merge: { intervalMs: 1, mergeBytes: 1 },
    };
  },
  async play(stage) {
    const { chance } = stage;
    const leader = await stage.leader();
    const away = chance.pick(stage.others(leader));
    if (away === undefined) return;
    stage.cutOff(away);
    const match = stage.matchOf(leader, away);
    while (stage.baseOf(leader) <= match) await stage.write(leader);
    stage.heal();
    let follows = false;
    const lag = () => (statusOf(leader)?.last.index ?? 0) - stage.matchOf(leader, away);
    void stage
      .until("it follows", () => lag() <= 2)
      .then(() => {
        follows = true;
      });
    for (let writes = 0; !follows; writes++) {
      if (writes === maxWrites) throw new Error(`it does not follow after ${maxWrites} writes`);
      await stage.write(leader);
      await stage.wait(chance.between(0, 10));
    }
  },
};
