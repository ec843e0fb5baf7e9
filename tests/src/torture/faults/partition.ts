import type { NetworkHosts } from "../../process/harness/network-hosts.ts";
import type { Dice } from "../dice.ts";
import type { Fault } from "./fault.ts";

interface Cut {
  readonly what: string;
  readonly harmed: readonly number[];
}

type Shape = (hosts: NetworkHosts, one: number, others: readonly number[], dice: Dice) => Cut;

const shapes: readonly Shape[] = [
  (hosts, one, others) => {
    hosts.separate([one], others);
    return { what: `node ${one} is cut off from the others`, harmed: [one] };
  },
  (hosts, one, others) => {
    for (const other of others) hosts.cut(one, other);
    return { what: `nothing that node ${one} sends reaches the others`, harmed: [one] };
  },
  (hosts, one, others) => {
    for (const other of others) hosts.cut(other, one);
    return { what: `nothing that the others send reaches node ${one}`, harmed: [one] };
  },
  (hosts, one, others, dice) => {
    const other = dice.pick(others);
    hosts.separate([one], [other]);
    return {
      what: `nodes ${one} and ${other} are cut off from each other, and a bridge between them stays`,
      harmed: [other],
    };
  },
  (hosts, one, others) => {
    const all = [one, ...others];
    for (const id of all) {
      for (const other of all) if (other !== id) hosts.cut(id, other);
    }
    return { what: "every node is cut off from every other", harmed: all };
  },
];

/** Packets between nodes vanish, one way or both; clients reach every node. */
export const partition: Fault = {
  kind: "partition",
  async strike({ cluster, hosts, dice, well }) {
    if (hosts === undefined) throw new Error("there are no hosts to cut off from each other");
    const leader = cluster.leader();
    const one = leader !== undefined && well.includes(leader) && dice.chance(0.6) ? leader : dice.pick(well);
    const others = cluster.ids.filter((id) => id !== one);
    const { what, harmed } = dice.pick(shapes)(hosts, one, others, dice);
    return {
      what: one === leader ? `${what} (node ${one} leads)` : what,
      harmed,
      lastsMs: dice.between(200, 4_000),
      async heal() {
        hosts.heal();
      },
    };
  },
};
