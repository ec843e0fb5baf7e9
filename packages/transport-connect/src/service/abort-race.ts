/**
 * Settles as `work` does, or rejects with the signal's reason if that comes first. Whatever becomes of `work` later is
 * taken note of: the request iterator of a broken Connect stream rejects, and nobody else listens any more.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
