import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const repository = new URL("../../../", import.meta.url);
const algorithm = new URL("packages/raft-core/src/algorithm/", repository);
const architecture = readFileSync(new URL("docs/architecture.md", repository), "utf8");
const [, afterHeading = ""] = architecture.split("### An afternoon with it\n");
const [section = ""] = afterHeading.split("\n### ");

it("the reading order leads through every file of the algorithm, once", () => {
  const files = readdirSync(algorithm).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const named = [...section.matchAll(/`([a-z-]+\.ts)`/g)].map(([, file]) => file);
  expect(named.toSorted()).toEqual(files.toSorted());
});

it("and names stories that exist", () => {
  const stories = [...section.matchAll(/\*Stor(?:y|ies):\s([^*]*)\*/g)].flatMap(([, text = ""]) =>
    [...text.matchAll(/`([a-z0-9-]+)`/g)].map(([, story]) => story),
  );
  const files = readdirSync(new URL("transcripts/", algorithm));
  expect(stories.length).toBeGreaterThan(15);
  expect(stories.filter((story) => !files.includes(`${story}.golden.txt`))).toEqual([]);
});
