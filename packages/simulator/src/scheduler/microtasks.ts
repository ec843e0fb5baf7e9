import { nextTick } from "node:process";
import { setImmediate } from "node:timers";

/**
 * Resolves once every chain of promises that can go on has gone on as far as it can. Node.js runs a tick only when the
 * queue of microtasks is empty, so nothing is left behind, however long the chains are; and no turn of the event loop
 * is needed, so it costs well under a microsecond.
 */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => nextTick(resolve)));
}

/** Lets the real event loop have its turn: signals, a test runner's messages. Nothing of the simulation waits for it. */
export function realTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
