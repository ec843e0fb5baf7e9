import { setTimeout as delay } from "node:timers/promises";
import type { Pace } from "./membership/cluster.ts";

/** The real time of this process. */
export const realPace: Pace = {
  now: () => performance.now(),
  async wait(ms, signal) {
    if (signal === undefined) await delay(ms);
    else await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};
