import { describe, expect, it } from "vitest";
import { nodeVersionProblem } from "./node-version.ts";

describe("the version of Node.js", () => {
  it.each(["22.13.0", "22.20.1", "24.0.0"])("%s will do", (found) => {
    expect(nodeVersionProblem(found)).toBeUndefined();
  });

  it.each(["20.20.2", "22.12.9"])("%s is too old", (found) => {
    expect(nodeVersionProblem(found)).toBe(`raftkv needs Node.js 22.13 or later, and this is ${found}`);
  });
});
