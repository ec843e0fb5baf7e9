import { uptime } from "node:os";
import { platform } from "node:process";
import type { Clock } from "../ports/clock.ts";
import { SuspensionDetector } from "./suspension-detector.ts";

const running = () => performance.now();
const detector = new SuspensionDetector(running, () => uptime() * 1000);

/**
 * The process's monotonic clock. A delay of 0 calls back as soon as the event loop has handled what it has already
 * received (`setImmediate`), so that whatever arrives together is handled together.
 *
 * On Linux Node.js reads CLOCK_MONOTONIC, which stands still while the machine is suspended. The kernel's uptime counts
 * that (in steps of 10 ms), so suspensions are found by comparing the two. On macOS and Windows the monotonic clock goes
 * on. What no program can find from inside: a virtual machine, or a process image, whose clocks were all stopped.
 */
export const systemClock: Clock = {
  now: running,
  ...(platform === "linux" ? { suspensions: () => detector.count() } : {}),
  setTimer: (delayMs, callback) => {
    if (delayMs <= 0) {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    }
    const timeout = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
