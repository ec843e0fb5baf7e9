import { systemClock } from "../node/system-clock.ts";

const pollMs = 5;
const deadlineMs = 4000;

/** Resolves once `condition` holds, asking again and again; rejects with what it waited for when that takes too long. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const deadline = systemClock.now() + deadlineMs;
  while (!condition()) {
    if (systemClock.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await new Promise<void>((resolve) => systemClock.setTimer(pollMs, resolve));
  }
}
