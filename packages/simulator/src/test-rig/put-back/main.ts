import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { putBackBugs } from "./put-back-bugs.ts";
import { search } from "./search.ts";

/** A table of how many seeds out of so many find each bug. `--only` narrows it to bugs whose names contain one of these. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "6000" },
    only: { type: "string", default: "" },
    first: { type: "boolean", default: false },
  },
});
const [seeds, firstSeed, steps] = [Number(values.seeds), Number(values.seed), Number(values.steps)];
const only = values.only.split(",");
const waiting = putBackBugs.filter(({ name }) => only.some((part) => name.includes(part)));
console.log(
  "| row | bug | theme or story | seeds | found by | first | noticed by |\n| --- | --- | --- | --- | --- | --- | --- |",
);

async function work(): Promise<void> {
  for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
    const from = values.first ? (bug.firstSeed ?? firstSeed) : firstSeed;
    const found = await search({ name: bug.name, firstSeed: from, seeds, steps, all: !values.first });
    const [first] = found;
    const runs = values.first ? (first?.run ?? seeds) : seeds;
    const names = [...new Set(found.map(({ invariant }) => invariant))];
    const unexpected = names.filter((name) => !bug.noticedBy.includes(name));
    console.log(
      `| ${bug.row ?? "own"} | ${bug.name} | ${bug.theme ?? bug.scenario ?? ""} | ${runs} | ${found.length} | ${first?.seed ?? "none"} | ${names.join(", ")}` +
        `${unexpected.length === 0 ? "" : ` (unexpected: ${unexpected.join(", ")})`} |`,
    );
  }
}

await Promise.all(Array.from({ length: Math.max(1, availableParallelism() - 1) }, work));
