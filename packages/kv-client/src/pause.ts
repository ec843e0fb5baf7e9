import type { Clock } from "./clock.ts";

/** Resolves after `delayMs`, or as soon as `ended` fires. Does not keep the process alive. */
export function pause(clock: Clock, delayMs: number, ended: AbortSignal): Promise<void> {
  if (delayMs <= 0 || ended.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      ended.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimer(delayMs, end, { background: true });
    ended.addEventListener("abort", end);
  });
}
