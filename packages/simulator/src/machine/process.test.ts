import { seededRandom } from "@raftkv/raft-core/testing";
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

  it("lets a timer fire once a suspended machine has waited for it, whatever moments are rounded to", async () => {
    const random = seededRandom(5);
    const between = (low: number, high: number) => low + random.next() * (high - low);
    for (let round = 0; round < 500; round++) {
      const scheduler = new Scheduler();
      // A process that began late: its own time is told more finely than that of the simulation.
      scheduler.after(between(50_000, 500_000), () => {});
      await scheduler.run(() => scheduler.steps === 1);
      const process = new Process(scheduler, () => {});
      const enter = (run: () => void) => process.enter(run);
      const clock = new ProcessClock({ scheduler, startMs: between(0, 10), latenessMs: () => 0, enter });
      clock.setRate(between(0.9, 1.1));
      const asleepAfterMs = between(0, 10);
      scheduler.after(asleepAfterMs, () => {
        process.pause();
        clock.stop();
      });
      scheduler.after(asleepAfterMs + between(0, 50), () => {
        clock.goOn();
        process.resume();
      });
      const dueMs = clock.now() + asleepAfterMs + between(0, 20);
      let firedAtMs: number | undefined;
      clock.setTimer(dueMs - clock.now(), () => {
        firedAtMs = clock.now();
      });
      await scheduler.run(() => firedAtMs !== undefined || scheduler.steps > 12);
      expect(firedAtMs, `round ${round}`).toBeGreaterThan(dueMs - 0.01);
    }
  });
});
