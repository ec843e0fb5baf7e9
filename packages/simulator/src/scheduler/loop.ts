import process, { nextTick } from "node:process";
import { setImmediate } from "node:timers";

/** What goes round. */
export interface Loop {
  /** Asked before each step. */
  isDone(): boolean;
  /** One event; what it has settled is followed to its end afterwards. */
  step(): void;
}

/** Goes round until the loop is done. Rejects with what it throws. */
export type GoRound = (loop: Loop) => Promise<void>;

/** How many steps the real event loop waits at most: signals, a test runner's messages. */
const stepsPerRealTurn = 2_048;

/**
 * Follows every chain of promises, and of ticks, that can go on as far as it can. Node.js does it after each callback of
 * its own by this very function. It is not documented, and is older than promises are.
 */
const followPromises: unknown = "_tickCallback" in process ? process._tickCallback : undefined;

/** In a callback of the real event loop: what follows a step costs a hundredth of a microsecond if there is nothing. */
export function goRoundAtOnce(loop: Loop, follow: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = () => {
      try {
        follow();
        for (let left = stepsPerRealTurn; left > 0; left--) {
          if (loop.isDone()) {
            resolve();
            return;
          }
          loop.step();
          follow();
        }
        setImmediate(turn);
      } catch (error) {
        reject(error);
      }
    };
    setImmediate(turn);
  });
}

/**
 * The same without that function: Node.js runs a tick only when the queue of microtasks is empty, so nothing is left
 * behind. It takes several promises a step.
 */
export function goRoundByTicks(loop: Loop): Promise<void> {
  const settled = Promise.resolve();
  return new Promise((resolve, reject) => {
    let steps = 0;
    const next = () => {
      try {
        if (loop.isDone()) {
          resolve();
          return;
        }
        loop.step();
        if (++steps % stepsPerRealTurn === 0) setImmediate(whenSettled);
        else whenSettled();
      } catch (error) {
        reject(error);
      }
    };
    // What other ticks have begun goes on first.
    const onTick = () => void settled.then(next);
    const whenSettled = () => void settled.then(() => nextTick(onTick));
    whenSettled();
  });
}

/** As quickly as this version of Node.js allows. */
export const goRound: GoRound = (loop) =>
  typeof followPromises === "function" ? goRoundAtOnce(loop, () => followPromises()) : goRoundByTicks(loop);
