import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { survivorList } from "./survivor-list.ts";

const survivors = survivorList();
const files = [...new Set(survivors.map(({ file }) => file))];

describe("the list of mutants that no test notices", () => {
  it.each(files)("speaks of places that are there: %s", (file) => {
    const text = readFileSync(new URL(`../src/algorithm/${file}`, import.meta.url), "utf8");
    const lines = new Set(text.split("\n").map((line) => line.trim()));
    const strange = survivors.filter((survivor) => {
      const from = survivor.change.split(" -> ")[0]?.replace(/…$/, "") ?? "";
      return survivor.file === file && !(from !== "" && survivor.line.includes(from) && lines.has(survivor.line));
    });
    expect(strange).toEqual([]);
  });

  it("names each once, and says why", () => {
    const keys = survivors.map(({ file, line, change }) => `${file} ${line} ${change}`);
    expect(keys.filter((key, position) => keys.indexOf(key) !== position)).toEqual([]);
    expect(survivors.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });
});
