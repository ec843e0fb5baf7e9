import type { Fault } from "./fault.ts";
import { chooseVictims } from "./victims.ts";

/** SIGSTOP, and SIGCONT later: the process stands still and does not know it. */
export const pause: Fault = {
  kind: "pause",
  async strike(target) {
    const { cluster, dice } = target;
    const { nodes, called } = chooseVictims(target);
    cluster.signal(nodes, "SIGSTOP");
    return {
      what: `SIGSTOP of ${called}`,
      harmed: nodes,
      lastsMs: dice.between(50, 3_000),
      async heal() {
        cluster.signal(nodes, "SIGCONT");
      },
    };
  },
};
