import { describe, expect, it } from "vitest";
import { chanceOf } from "../scheduler/chance.ts";
import { type PartitionShape, partition } from "./partitions.ts";

const nodes = [1, 2, 3, 4, 5];

function cuts(shape: PartitionShape, leader: number | undefined = 3): readonly string[] {
  return [...partition(shape, { nodes, leader, chance: chanceOf(1, shape) })].sort();
}

describe("a partition", () => {
  it("cuts the leader off both ways, or only what it hears", () => {
    expect(cuts("isolateLeader")).toEqual(["1>3", "2>3", "3>1", "3>2", "3>4", "3>5", "4>3", "5>3"]);
    expect(cuts("deafLeader")).toEqual(["1>3", "2>3", "4>3", "5>3"]);
  });

  it("leaves each node of a ring its two neighbours", () => {
    const ring = cuts("ring");
    for (const node of nodes) expect(ring.filter((way) => way.startsWith(`${node}>`))).toHaveLength(2);
  });

  it("leaves one bridge between two sides", () => {
    const bridge = cuts("bridge");
    const cutOff = (node: number) => bridge.filter((way) => way.startsWith(`${node}>`)).length;
    expect(nodes.map(cutOff).sort()).toEqual([0, 2, 2, 2, 2]);
  });

  it("splits so that what one side does not hear it does not reach either", () => {
    const split = new Set(cuts("split"));
    expect(split.size).toBeGreaterThan(0);
    for (const way of split) expect(split).toContain(way.split(">").reverse().join(">"));
  });
});
