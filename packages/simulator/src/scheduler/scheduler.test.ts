import { nextTick } from "node:process";
import { describe, expect, it } from "vitest";
import { goRound, goRoundByTicks } from "./loop.ts";
import { Scheduler } from "./scheduler.ts";

async function chain(length: number): Promise<void> {
  for (let link = 0; link < length; link++) await Promise.resolve();
}

describe.each([
  { how: "at once", by: goRound },
  { how: "tick by tick", by: goRoundByTicks },
])("a loop that goes round $how", ({ by }) => {
  it("follows every promise to its end before the next event", async () => {
    const scheduler = new Scheduler(by);
    const events: string[] = [];
    scheduler.after(1, () => void chain(1_000).then(() => events.push("long chain")));
    scheduler.after(1, () => void chain(1).then(() => events.push("short chain")));
    scheduler.after(1, () => events.push("last"));
    await scheduler.run(() => scheduler.steps === 3);
    expect(events).toEqual(["long chain", "short chain", "last"]);
  });

  it("follows what ticks of Node.js have begun, too", async () => {
    const scheduler = new Scheduler(by);
    const events: string[] = [];
    scheduler.after(1, () => nextTick(() => events.push("tick")));
    scheduler.after(1, () => events.push("next event"));
    await scheduler.run(() => scheduler.steps === 2);
    expect(events).toEqual(["tick", "next event"]);
  });

  it("does not count what was called off, nor wait for it", async () => {
    const scheduler = new Scheduler(by);
    const events: number[] = [];
    const [first, second] = [1, 2].map((at) => scheduler.after(at, () => events.push(at)));
    scheduler.after(3, () => events.push(3));
    if (first !== undefined) scheduler.cancel(first);
    if (second !== undefined) scheduler.cancel(second);
    await scheduler.run(() => scheduler.steps === 1);
    expect(events).toEqual([3]);
  });

  it("rejects with what an event throws", async () => {
    const scheduler = new Scheduler(by);
    scheduler.after(1, () => {
      throw new Error("in an event");
    });
    await expect(scheduler.run(() => false)).rejects.toThrow("in an event");
  });

  it("takes no real time for simulated time", async () => {
    const scheduler = new Scheduler(by);
    const day = 24 * 60 * 60 * 1_000;
    let slept = false;
    void scheduler.sleep(day).then(() => {
      slept = true;
    });
    await scheduler.run(() => slept);
    expect(scheduler.nowMs).toBe(day);
  });

  it("says so when nothing is left to happen", async () => {
    await expect(new Scheduler(by).run(() => false)).rejects.toThrow("nothing is left to happen");
  });
});
