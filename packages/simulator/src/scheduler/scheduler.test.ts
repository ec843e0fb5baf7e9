import { expect, it } from "vitest";
import { Scheduler } from "./scheduler.ts";

async function chain(length: number): Promise<void> {
  for (let link = 0; link < length; link++) await Promise.resolve();
}

it("follows every promise to its end before the next event", async () => {
  const scheduler = new Scheduler();
  const events: string[] = [];
  scheduler.after(1, () => void chain(1_000).then(() => events.push("long chain")));
  scheduler.after(1, () => void chain(1).then(() => events.push("short chain")));
  scheduler.after(1, () => events.push("last"));
  await scheduler.run(() => scheduler.steps === 3);
  expect(events).toEqual(["long chain", "short chain", "last"]);
});

it("takes no real time for simulated time", async () => {
  const scheduler = new Scheduler();
  const day = 24 * 60 * 60 * 1_000;
  let slept = false;
  void scheduler.sleep(day).then(() => {
    slept = true;
  });
  await scheduler.run(() => slept);
  expect(scheduler.nowMs).toBe(day);
});

it("says so when nothing is left to happen", async () => {
  await expect(new Scheduler().run(() => false)).rejects.toThrow("nothing is left to happen");
});
