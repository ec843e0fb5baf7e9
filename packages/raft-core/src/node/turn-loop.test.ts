import { describe, expect, it } from "vitest";
import type { Input } from "../algorithm/input.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { TurnLoop } from "./turn-loop.ts";

describe("the turn loop", () => {
  it("takes all that has gathered in one turn, or nothing when it is woken", async () => {
    const clock = new FakeClock();
    const turns: string[][] = [];
    const loop = new TurnLoop(clock, (inputs) => turns.push(inputs.map((input) => input.kind)));
    loop.add({ kind: "campaign" });
    loop.wake();
    loop.add({ kind: "applied", index: 1 });
    expect(turns).toEqual([]);
    await clock.settle();
    expect(turns).toEqual([["campaign", "applied"]]);
    await clock.settle();
    expect(turns).toHaveLength(1);
    loop.wake();
    await clock.settle();
    expect(turns.at(-1)).toEqual([]);
  });

  it("takes along what was noted, and begins no turn for it", async () => {
    const clock = new FakeClock();
    const turns: string[][] = [];
    const loop = new TurnLoop(clock, (inputs) => turns.push(inputs.map((input) => input.kind)));
    loop.note({ kind: "applied", index: 1 });
    await clock.settle();
    expect(turns).toEqual([]);
    loop.add({ kind: "campaign" });
    await clock.settle();
    expect(turns).toEqual([["applied", "campaign"]]);
  });

  it("never enters a turn from within a turn", async () => {
    const clock = new FakeClock();
    const turns: string[][] = [];
    let within = false;
    const loop = new TurnLoop(clock, (inputs: readonly Input[]) => {
      expect(within).toBe(false);
      within = true;
      turns.push(inputs.map((input) => input.kind));
      if (turns.length === 1) loop.add({ kind: "applied", index: 1 });
      within = false;
    });
    loop.add({ kind: "campaign" });
    await clock.settle();
    expect(turns).toEqual([["campaign"], ["applied"]]);
  });

  it("begins no turn once it is stopped", async () => {
    const clock = new FakeClock();
    let turns = 0;
    const loop = new TurnLoop(clock, () => {
      turns += 1;
    });
    loop.add({ kind: "campaign" });
    loop.stop();
    loop.add({ kind: "campaign" });
    loop.wake();
    await clock.settle();
    expect(turns).toBe(0);
  });
});
