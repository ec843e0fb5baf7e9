import type { Invariant } from "./invariant.ts";

/** A node goes by the term and the vote that stand on its disk, or by later ones: above all after a restart. */
export function voteIsTheDisks(): Invariant {
  return {
    name: "the vote is the disk's",
    looksAt: ["status"],
    observe(observation, view) {
      if (observation.kind !== "status") return;
      const { term, votedFor, votedForMemberId } = observation.status.hardState;
      const disk = view.node(observation.node).durableHardState;
      if (term < disk.term)
        throw new Error(`node ${observation.node} is in term ${term}, and its disk in ${disk.term}`);
      if (term > disk.term || disk.votedFor === undefined) return;
      if (votedFor === disk.votedFor && votedForMemberId === disk.votedForMemberId) return;
      throw new Error(
        `node ${observation.node} has voted for ${votedFor ?? "nobody"} in term ${term}, and on its disk stands ${disk.votedFor}`,
      );
    },
  };
}
