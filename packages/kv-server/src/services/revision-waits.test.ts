import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { ReadGate } from "./read-gate.ts";
import { RevisionWaits } from "./revision-waits.ts";

it("a wait for a revision leaves nothing behind, whether the revision comes, the time is up, or it is given up", async () => {
  const clock = new ManualClock();
  const listeners = new Set<() => void>();
  const questions: AbortSignal[] = [];
  let revision = 1;
  const state = {
    revision: () => revision,
    onApplied: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const readIndex = (signal = new AbortController().signal) => {
    questions.push(signal);
    return new Promise<number>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const gate = new ReadGate({ readIndex }, (callback) => setImmediate(callback));
  const limits = { maxRevisionWaits: 1, maxRevisionWaitMs: 250 };
  const waits = new RevisionWaits({ state, gate, clock, limits });
  const caller = new AbortController();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const begin = async () => {
    const wait = waits.reached(2, caller.signal);
    wait.catch(() => undefined);
    await turn();
    expect([listeners.size, clock.pendingTimers, questions.at(-1)?.aborted]).toEqual([1, 1, false]);
    return wait;
  };
  const expectNothingLeft = () => {
    const abortListeners = getEventListeners(caller.signal, "abort").length;
    expect([listeners.size, clock.pendingTimers, abortListeners, questions.at(-1)?.aborted]).toEqual([0, 0, 0, true]);
  };

  const reached = begin();
  await turn();
  revision = 2;
  for (const listener of listeners) listener();
  await reached;
  expectNothingLeft();

  revision = 1;
  const late = begin();
  await turn();
  clock.advance(250);
  await expect(late).rejects.toThrow("no leader says whether it exists");
  expectNothingLeft();

  const given = begin();
  await turn();
  caller.abort(new Error("given up"));
  await expect(given).rejects.toThrow("given up");
  expectNothingLeft();
});
