import { nextTick } from "node:process";
import { setImmediate } from "node:timers";

const settled = Promise.resolve();

/**
 * Calls `next` once every chain of promises that can go on has gone on as far as it can. Node.js runs a tick only when the
 * queue of microtasks is empty, so nothing is left behind, however long the chains are; and neither a promise of its own
 * nor a turn of the event loop is needed, so it costs little over a tenth of a microsecond. `next` must not throw.
 */
export function whenPromisesSettled(next: () => void): void {
  void settled.then(() => nextTick(onTick, next));
}

/** What other ticks have begun goes on first. */
function onTick(next: () => void): void {
  void settled.then(next);
}

/** Lets the real event loop have its turn: signals, a test runner's messages. Nothing of the simulation waits for it. */
export function afterRealTurn(next: () => void): void {
  setImmediate(next);
}
