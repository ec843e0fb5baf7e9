import { describe, expect, it } from "vitest";
import { putBackBugs } from "./test-rig/put-back/put-back-bugs.ts";
import { search } from "./test-rig/put-back/search.ts";

const maxSeeds = 150;

describe("a bug that is put back", () => {
  it.each(putBackBugs.filter(({ rare }) => rare !== true))(
    "$name is found",
    async ({ name, noticedBy, firstSeed = 1 }) => {
      const [found] = await search({ name, firstSeed, seeds: maxSeeds, steps: 6_000, all: false });
      if (found === undefined) throw new Error(`no run out of ${maxSeeds} has noticed it`);
      expect(noticedBy).toContain(found.invariant);
    },
    120_000,
  );
});
