import { type Scenario, undisturbed } from "./scenario.ts";
import { statusOf } from "./stage.ts";

/**
 * A follower gets the log, and its answers are lost. Its leader compacts past what it knows of it, is told that it is
 * unreachable, and sends it a snapshot: of what it holds already, and less than it has acknowledged.
 */
export const aSnapshotOfWhatTheFollowerHolds: Scenario = {
  name: "a snapshot of what the follower holds",
  plan: (drawn, chance) => {
    const plan = undisturbed(drawn, 3);
    const snapshot = { entries: chance.integer(1, 4), bytes: 1_000_000, tailEntries: 0 };
    return {
      ...plan,
      config: { ...plan.config, snapshot, snapshotsFromFollowers: false },
      merge: { intervalMs: 1, mergeBytes: 1 },
    };
  },
  async play(stage) {
    const { chance } = stage;
    const leader = await stage.leader();
    const [follower, other] = chance.shuffle(stage.others(leader));
    if (follower === undefined || other === undefined) return;
    stage.cut([follower, leader]);
    await stage.wait(1.5 * stage.electionTimeoutMaxMs);
    while (stage.baseOf(leader) <= stage.matchOf(leader, follower) + 1) await stage.write(leader);
    // Of the next entries the other one acknowledges some only: the rest is under way.
    other.atEffect({ from: "appendResponse", after: chance.integer(0, 3) }, () => other.pause());
    const { commit } = statusOf(leader) ?? { commit: 0 };
    for (let write = chance.integer(3, 6); write > 0; write--) {
      void stage.write(leader);
      await stage.wait(chance.between(0, 1));
    }
    await stage.until("some of it is committed", () => (statusOf(leader)?.commit ?? 0) > commit);
    await stage.wait(chance.between(1, 4));
    stage.cut();
    stage.reportUnreachable(leader, follower);
    await stage.wait(stage.electionTimeoutMaxMs / 2);
    stage.heal();
    await stage.leader();
  },
};
