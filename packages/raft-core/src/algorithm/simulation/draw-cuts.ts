import type { NodeId } from "../entry.ts";
import type { SeededRandom } from "../harness/seeded-random.ts";

/** Links that are cut, one way each, as `1->2`: those of the leader, or any. */
export function drawCuts(random: SeededRandom, ids: readonly NodeId[], leader: NodeId | undefined): readonly string[] {
  const cutsLeader = random.chance(0.5);
  return ids.flatMap((from) =>
    ids.flatMap((to) => {
      const isCut = cutsLeader ? from === leader || to === leader : random.chance(0.2);
      return isCut ? [`${from}->${to}`] : [];
    }),
  );
}
