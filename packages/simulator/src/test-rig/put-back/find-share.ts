import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { putBackBugs } from "./put-back-bugs.ts";
import { search } from "./search.ts";

const maxSeeds = 150;

/** Looks for every `of`-th bug, from `share` on. In files of their own, so that all cores look: one file is for one of them. */
export function findShare(share: number, of: number): void {
  const bugs = putBackBugs.filter((_, position) => position % of === share);

  describe("the text that a bug takes the place of", () => {
    it.each(bugs)("stands once where $name is put back", ({ patches = [] }) => {
      for (const { module, find } of patches) {
        const text = readFileSync(new URL(`../../../..${module}`, import.meta.url), "utf8");
        expect(text.split(find), `${find} in ${module}`).toHaveLength(2);
      }
    });
  });

  describe("a bug that is put back", () => {
    it.each(bugs)(
      "$name is found",
      async ({ name, noticedBy, firstSeed = 1 }) => {
        const [found] = await search({ name, firstSeed, seeds: maxSeeds, steps: 6_000, all: false });
        if (found === undefined) throw new Error(`no run out of ${maxSeeds} has noticed it`);
        expect(noticedBy).toContain(found.invariant);
      },
      120_000,
    );
  });
}
