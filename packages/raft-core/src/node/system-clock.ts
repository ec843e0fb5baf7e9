import type { Clock } from "../ports/clock.ts";

/**
 * The process's monotonic clock. A delay of 0 calls back as soon as the event loop has handled what it has already
 * received (`setImmediate`), so that whatever arrives together is handled together.
 *
 * Node.js reads CLOCK_MONOTONIC; CLOCK_BOOTTIME is not available to it, so time during which the machine was
 * suspended does not count on Linux. Nothing that a node concludes from elapsed time alone may rest on that.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (delayMs, callback) => {
    if (delayMs <= 0) {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    }
    const timeout = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
