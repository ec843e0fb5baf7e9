import { expect, it } from "vitest";
import { PauseMeter } from "./pause-meter.ts";

it("pauses are too many when they add up to the limit", () => {
  const pauses = new PauseMeter(600);
  pauses.tick(0, 599);
  expect(pauses.isOver).toBe(false);
  pauses.tick(0, 1);
  expect(pauses.isOver).toBe(true);
});
