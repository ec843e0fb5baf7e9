import type { Target } from "./fault.ts";

/** Whom a fault strikes, and what to call them. */
export interface Victims {
  readonly nodes: readonly number[];
  readonly called: string;
}

/** Often the leader, less often a follower, seldom several, now and then all. */
export function chooseVictims({ cluster, dice, well }: Target): Victims {
  const leader = cluster.leader();
  const kind = dice.pick(["leader", "leader", "leader", "follower", "follower", "two", "all"] as const);
  const followers = well.filter((id) => id !== leader);
  if (kind === "all" && well.length > 1) return several(well);
  if (kind === "two" && well.length > 2) return several(dice.some(well, 2));
  if (kind === "leader" && leader !== undefined && well.includes(leader)) {
    return { nodes: [leader], called: `the leader, node ${leader}` };
  }
  const one = dice.pick(followers.length > 0 ? followers : well);
  return { nodes: [one], called: one === leader ? `the leader, node ${one}` : `a follower, node ${one}` };
}

function several(nodes: readonly number[]): Victims {
  return { nodes, called: `nodes ${nodes.join(", ")}` };
}
