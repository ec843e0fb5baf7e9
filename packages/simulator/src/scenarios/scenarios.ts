import { aBridgeBetweenTwoHalves } from "./a-bridge-between-two-halves.ts";
import { aCandidateThatWasAway } from "./a-candidate-that-was-away.ts";
import { aChangeThatNobodyHearsOf } from "./a-change-that-nobody-hears-of.ts";
import { aDeletionThatHistoryBeginsWith } from "./a-deletion-that-history-begins-with.ts";
import { aLeaderCutOffWhileItHandsOver } from "./a-leader-cut-off-while-it-hands-over.ts";
import { aLeaderThatLeadsAgain } from "./a-leader-that-leads-again.ts";
import { aLeaderThatWasSuspended } from "./a-leader-that-was-suspended.ts";
import { aMarkWhileAWatchIsOnItsWay } from "./a-mark-while-a-watch-is-on-its-way.ts";
import { aPromotionThatIsNotHeardOf } from "./a-promotion-that-is-not-heard-of.ts";
import { aReadThatOutlastsItsLease } from "./a-read-that-outlasts-its-lease.ts";
import { aSnapshotOfAJointMembership } from "./a-snapshot-of-a-joint-membership.ts";
import { aSnapshotOfTheWholeLog } from "./a-snapshot-of-the-whole-log.ts";
import { aSnapshotOfWhatTheFollowerHolds } from "./a-snapshot-of-what-the-follower-holds.ts";
import { aSnapshotWhileOthersWrite } from "./a-snapshot-while-others-write.ts";
import { aSuccessorThatNobodyHears } from "./a-successor-that-nobody-hears.ts";
import { aSwitchThatFailsPartially } from "./a-switch-that-fails-partially.ts";
import type { Scenario } from "./scenario.ts";
import { theLeadersDiskIsFull } from "./the-leaders-disk-is-full.ts";
import { thePowerFailsAgainAndAgain } from "./the-power-fails-again-and-again.ts";

export const scenarios: readonly Scenario[] = [
  aBridgeBetweenTwoHalves,
  aCandidateThatWasAway,
  aChangeThatNobodyHearsOf,
  aDeletionThatHistoryBeginsWith,
  aLeaderCutOffWhileItHandsOver,
  aLeaderThatLeadsAgain,
  aLeaderThatWasSuspended,
  aMarkWhileAWatchIsOnItsWay,
  aPromotionThatIsNotHeardOf,
  aReadThatOutlastsItsLease,
  aSnapshotOfAJointMembership,
  aSnapshotOfTheWholeLog,
  aSnapshotOfWhatTheFollowerHolds,
  aSnapshotWhileOthersWrite,
  aSuccessorThatNobodyHears,
  aSwitchThatFailsPartially,
  theLeadersDiskIsFull,
  thePowerFailsAgainAndAgain,
];
