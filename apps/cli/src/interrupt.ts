import { exitCodes } from "./exit-code.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `work` with a signal that the first Ctrl-C fires, so that it can end cleanly. A second one ends the process at once,
 * after saying what `leftBehind` tells.
 */
export async function withInterrupt<T>(
  leftBehind: () => string | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new AbortController();
  const hear = (): void => {
    if (!interrupt.signal.aborted) {
      interrupt.abort();
      return;
    }
    const left = leftBehind();
    process.stderr.write(`raftkv: ended at once${left === undefined ? "" : `: ${left}`}\n`);
    process.exit(exitCodes.interrupted);
  };
  for (const signal of signals) process.on(signal, hear);
  try {
    return await work(interrupt.signal);
  } finally {
    for (const signal of signals) process.off(signal, hear);
  }
}
