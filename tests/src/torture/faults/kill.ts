import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./fault.ts";
import { chooseVictims } from "./victims.ts";

/** kill -9 of one, some or all nodes; they are started again on their data, now and then to be killed while they start. */
export const kill: Fault = {
  kind: "kill",
  async strike(target) {
    const { cluster, dice } = target;
    const { nodes, called } = chooseVictims(target);
    const startsCutShort = dice.chance(0.15) ? dice.between(1, 3) : 0;
    const cutShortAfterMs = Array.from({ length: startsCutShort }, () => dice.between(0, 500));
    await cluster.kill(nodes);
    return {
      what: `kill -9 of ${called}${startsCutShort > 0 ? `, and ${startsCutShort} times more while starting` : ""}`,
      harmed: nodes,
      lastsMs: dice.chance(0.5) ? 0 : dice.between(0, 1_500),
      async heal() {
        for (const afterMs of cutShortAfterMs) {
          cluster.startAgain(nodes);
          await delay(afterMs);
          await cluster.kill(nodes);
        }
        cluster.startAgain(nodes);
        await cluster.listening(nodes);
      },
    };
  },
};
