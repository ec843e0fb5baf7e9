import { describe, expect, it } from "vitest";
import { simulate } from "./simulation.ts";
import { putBackBugs } from "./test-rig/put-back-bugs.ts";

const maxSeeds = 150;

describe("a bug that is put back", () => {
  it.each(putBackBugs)(
    "$name is found",
    async ({ wrappers, noticedBy, firstSeed = 1 }) => {
      for (let seed = firstSeed; seed < firstSeed + maxSeeds; seed++) {
        const { failure } = await simulate({ seed, steps: 6_000, wrappers });
        if (failure === undefined) continue;
        expect(noticedBy).toContain(failure.invariant);
        return;
      }
      throw new Error(`no run out of ${maxSeeds} has noticed it`);
    },
    60_000,
  );
});
