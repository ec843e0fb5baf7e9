import { expect, it } from "vitest";
import { simulate } from "./simulation.ts";

it("reports what keeps the simulation itself from going on, with the seed and all that came before", async () => {
  const lines: string[] = [];
  const report = await simulate({
    seed: 3,
    steps: 100,
    lines,
    script: (stage) =>
      stage.until("something", () => {
        throw new Error("a mistake of its own");
      }),
  });
  expect(report).toMatchObject({ seed: 3, failure: { message: "the simulation goes on: a mistake of its own" } });
  expect(lines.at(-1)).toContain("cannot-go-on.test.ts");
});
