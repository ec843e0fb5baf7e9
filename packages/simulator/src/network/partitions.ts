import type { NodeId } from "@raftkv/raft-core";
import type { Chance } from "../scheduler/chance.ts";

export const partitionShapes = [
  "split",
  "oneWay",
  "bridge",
  "ring",
  "isolateLeader",
  "deafLeader",
  /** Anybody alone, mostly a follower. */
  "isolateOne",
  /** One way between two nodes only, or one link. */
  "oneLink",
] as const;
export type PartitionShape = (typeof partitionShapes)[number];

/** Which ways are cut, each as `from>to`. */
export type Cuts = ReadonlySet<string>;

export function way(from: NodeId, to: NodeId): string {
  return `${from}>${to}`;
}

interface PartitionSituation {
  readonly nodes: readonly NodeId[];
  readonly leader: NodeId | undefined;
  readonly chance: Chance;
}

export function partition(shape: PartitionShape, situation: PartitionSituation): Cuts {
  const { chance } = situation;
  const nodes = chance.shuffle(situation.nodes);
  const leader = situation.leader ?? nodes[0];
  switch (shape) {
    case "split": {
      const side = new Set(nodes.slice(0, chance.integer(1, Math.max(1, nodes.length - 1))));
      return cutWhere(nodes, (from, to) => side.has(from) !== side.has(to));
    }
    case "oneWay":
      return cutWhere(nodes, () => chance.happens(0.3));
    case "bridge": {
      // One node sees both sides, which do not see each other.
      const [bridge, ...others] = nodes;
      const side = new Set(others.slice(0, Math.ceil(others.length / 2)));
      return cutWhere(nodes, (from, to) => from !== bridge && to !== bridge && side.has(from) !== side.has(to));
    }
    case "ring": {
      const place = new Map(nodes.map((node, position) => [node, position]));
      return cutWhere(nodes, (from, to) => {
        const distance = Math.abs((place.get(from) ?? 0) - (place.get(to) ?? 0));
        return distance !== 1 && distance !== nodes.length - 1;
      });
    }
    case "isolateLeader":
      return cutWhere(nodes, (from, to) => from === leader || to === leader);
    case "deafLeader":
      return cutWhere(nodes, (_, to) => to === leader);
    case "isolateOne":
      return cutWhere(nodes, (from, to) => from === nodes[0] || to === nodes[0]);
    case "oneLink": {
      const [one, other] = nodes;
      const isBothWays = chance.happens(0.5);
      return cutWhere(nodes, (from, to) => {
        return (from === one && to === other) || (isBothWays && from === other && to === one);
      });
    }
  }
}

/** Nobody reaches `node`, or it reaches nobody, or both. */
export function cutOff(node: NodeId, nodes: readonly NodeId[], how: "cut off" | "deaf" | "mute"): Cuts {
  return cutWhere(nodes, (from, to) => (how !== "deaf" && from === node) || (how !== "mute" && to === node));
}

function cutWhere(nodes: readonly NodeId[], isCut: (from: NodeId, to: NodeId) => boolean): Cuts {
  const cuts = new Set<string>();
  for (const from of nodes) for (const to of nodes) if (from !== to && isCut(from, to)) cuts.add(way(from, to));
  return cuts;
}
