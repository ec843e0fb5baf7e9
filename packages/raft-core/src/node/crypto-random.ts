import { randomBytes } from "node:crypto";
import type { Random } from "../algorithm/random.ts";

/** Chance from the operating system, so that nodes started together do not choose the same election timeouts. */
export const cryptoRandom: Random = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};
