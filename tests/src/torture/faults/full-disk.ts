import type { Fault } from "./fault.ts";
import { chooseVictims } from "./victims.ts";

/** The file system of a node's data has no space left: it stops, and is started again and again until there is some. */
export const fullDisk: Fault = {
  kind: "full-disk",
  async strike(target) {
    const { cluster, dice } = target;
    const { nodes, called } = chooseVictims(target);
    for (const id of nodes) cluster.disk(id).fill();
    return {
      what: `the disk of ${called} is full`,
      harmed: nodes,
      lastsMs: dice.between(200, 4_000),
      async heal() {
        for (const id of nodes) cluster.disk(id).makeRoom();
        await cluster.listening(nodes);
      },
    };
  },
};
