import { expect, it } from "vitest";
import { InvariantViolation, invariant } from "./invariant.ts";

it("a broken claim is told by name", () => {
  expect(() => invariant(false, "two and two are four")).toThrow(InvariantViolation);
  expect(new InvariantViolation("").name).toBe("InvariantViolation");
  invariant(true, "it holds");
});
