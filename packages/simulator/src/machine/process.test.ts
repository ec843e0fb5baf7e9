import { describe, expect, it } from "vitest";
import { Scheduler } from "../scheduler/scheduler.ts";
import { Process } from "./process.ts";
import { ProcessClock } from "./process-clock.ts";

describe("a process", () => {
  it("hears what came while it was paused when it goes on, in order", async () => {
    const scheduler = new Scheduler();
    const process = new Process(scheduler, () => {});
    const heard: number[] = [];
    process.pause();
    for (const number of [1, 2, 3]) process.enter(() => heard.push(number));
    expect(heard).toEqual([]);
    process.resume();
    await scheduler.run(() => scheduler.steps === 3);
    expect(heard).toEqual([1, 2, 3]);
  });

  it("hears and does nothing any more once it is dead", () => {
    const process = new Process(new Scheduler(), () => {});
    process.end();
    process.enter(() => expect.unreachable());
    expect(process.mayAct("answer")).toBe(false);
  });

  it("does not do what it dies in front of", () => {
    const process: Process = new Process(new Scheduler(), () => process.end());
    expect(process.mayAct("voteResponse")).toBe(false);
  });
});

describe("the clock of a process", () => {
  it("runs at its own rate, and never goes back when that changes", async () => {
    const scheduler = new Scheduler();
    const clock = new ProcessClock({ scheduler, startMs: 500, latenessMs: () => 0, enter: (run) => run() });
    clock.setRate(2);
    const fired: number[] = [];
    clock.setTimer(100, () => fired.push(scheduler.nowMs));
    clock.setTimer(10, () => fired.push(-1)).cancel();
    await scheduler.run(() => fired.length === 1);
    expect(fired).toEqual([50]);
    expect(clock.now()).toBe(600);
    clock.setRate(0.5);
    expect(clock.now()).toBe(600);
  });
});
