import { describe, expect, it } from "vitest";
import { CatchUp } from "./catch-up.ts";

const limitMs = 150;

describe("catching up, in rounds (dissertation, section 4.2.1)", () => {
  it("is done with a round that is shorter than an election timeout", () => {
    const catchUp = new CatchUp(100, limitMs);
    catchUp.tick(1_000);
    catchUp.reached(60, 200);
    expect(catchUp.keepsUp).toBe(false);
    catchUp.reached(100, 200);
    expect(catchUp.keepsUp).toBe(false);
    catchUp.tick(100);
    catchUp.reached(200, 210);
    expect(catchUp.keepsUp).toBe(true);
  });

  it("begins again where the log stands when a round ends", () => {
    const catchUp = new CatchUp(100, limitMs);
    catchUp.tick(200);
    catchUp.reached(100, 300);
    catchUp.reached(150, 400);
    expect(catchUp.keepsUp).toBe(false);
    catchUp.reached(300, 400);
    expect(catchUp.keepsUp).toBe(true);
  });

  it("is undone when a later round takes too long", () => {
    const catchUp = new CatchUp(10, limitMs);
    catchUp.reached(10, 20);
    expect(catchUp.keepsUp).toBe(true);
    catchUp.tick(limitMs);
    catchUp.reached(15, 30);
    expect(catchUp.keepsUp).toBe(false);
  });

  it("is done at once where nothing is written", () => {
    const catchUp = new CatchUp(10, limitMs);
    catchUp.reached(10, 10);
    catchUp.tick(limitMs - 1);
    catchUp.reached(10, 10);
    expect(catchUp.keepsUp).toBe(true);
  });
});
