import { expect, it } from "vitest";
import { Scheduler } from "../scheduler/scheduler.ts";
import { Pipe } from "./pipe.ts";

async function pass(scheduler: Scheduler, untilMs: number): Promise<void> {
  scheduler.after(untilMs - scheduler.nowMs, () => undefined);
  await scheduler.run(() => scheduler.nowMs >= untilMs);
}

function pipe(delaysMs: number[], isCut = () => false): { scheduler: Scheduler; pipe: Pipe } {
  const scheduler = new Scheduler();
  const delayMs = () => delaysMs.shift() ?? 1;
  return { scheduler, pipe: new Pipe({ scheduler, delayMs, isCut, arrive: (run) => run() }) };
}

it("brings things in the order in which they were sent, however long each takes", async () => {
  const { scheduler, pipe: way } = pipe([50, 1, 1]);
  const arrived: string[] = [];
  for (const name of ["a", "b", "c"]) way.send(() => arrived.push(`${name} at ${scheduler.nowMs}`));
  await pass(scheduler, 100);
  expect(arrived).toEqual(["a at 50", "b at 50", "c at 50"]);
});

it("keeps what is sent while it is cut, and brings it once it is whole again", async () => {
  let cut = true;
  const { scheduler, pipe: way } = pipe([], () => cut);
  const arrived: string[] = [];
  way.send(() => arrived.push("a"));
  way.send(() => arrived.push("b"));
  await pass(scheduler, 1_000);
  expect(arrived).toEqual([]);
  cut = false;
  await pass(scheduler, 1_500);
  expect(arrived).toEqual(["a", "b"]);
});

it("loses what is under way when it breaks", async () => {
  const { scheduler, pipe: way } = pipe([10]);
  const arrived: string[] = [];
  way.send(() => arrived.push("a"));
  way.break();
  way.send(() => arrived.push("b"));
  await pass(scheduler, 100);
  expect(arrived).toEqual([]);
});
