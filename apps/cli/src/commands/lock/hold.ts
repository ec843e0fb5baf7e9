import type { Lock } from "@raftkv/kv-client";

/** Resolves once the lock is lost, or it was said to end. Keeps the process alive, which what is done in the background does not. */
export function lostOrInterrupted({ lost }: Pick<Lock, "lost">, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const waiting = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(waiting);
      resolve();
    };
    if (lost.aborted || signal.aborted) end();
    lost.addEventListener("abort", end);
    signal.addEventListener("abort", end);
  });
}
