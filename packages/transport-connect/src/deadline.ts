import type { Clock } from "@raftkv/raft-core";

/** Settles as `work` does, or rejects with what `error` makes if `work` takes longer than `timeoutMs`. */
export function withDeadline<T>(work: Promise<T>, clock: Clock, timeoutMs: number, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () => reject(error()));
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (reason: unknown) => {
        timer.cancel();
        reject(reason);
      },
    );
  });
}
