import { randomFillSync } from "node:crypto";
import type { Random } from "../algorithm/random.ts";

const bytesADraw = 6;
/** A call to the system costs more than all else that a follower does for a heartbeat, which draws a new timeout. */
const pool = Buffer.alloc(64 * bytesADraw);
let used = pool.length;

/** Chance from the operating system, so that nodes started together do not choose the same election timeouts. */
export const cryptoRandom: Random = {
  next: () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const drawn = pool.readUIntBE(used, bytesADraw) / 2 ** (8 * bytesADraw);
    used += bytesADraw;
    return drawn;
  },
};
