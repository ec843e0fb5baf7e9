import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { putBackBugs } from "./test-rig/put-back/put-back-bugs.ts";
import { search } from "./test-rig/put-back/search.ts";

const maxSeeds = 150;

describe("the text that a bug takes the place of", () => {
  it.each(putBackBugs)("stands once where $name is put back", ({ patches = [] }) => {
    for (const { module, find } of patches) {
      const text = readFileSync(new URL(`../..${module}`, import.meta.url), "utf8");
      expect(text.split(find), `${find} in ${module}`).toHaveLength(2);
    }
  });
});

describe("a bug that is put back", () => {
  it.each(putBackBugs)(
    "$name is found",
    async ({ name, noticedBy, firstSeed = 1 }) => {
      const [found] = await search({ name, firstSeed, seeds: maxSeeds, steps: 6_000, all: false });
      if (found === undefined) throw new Error(`no run out of ${maxSeeds} has noticed it`);
      expect(noticedBy).toContain(found.invariant);
    },
    120_000,
  );
});
