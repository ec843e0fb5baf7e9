import { exitCodes } from "./exit-code.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One Ctrl-C can arrive several times: from the terminal, and passed on by the processes above (npx, pnpm). */
const sameSignalMs = 500;

/**
 * Runs `work` with a signal that the first Ctrl-C fires, so that it can end cleanly. A second one ends the process at once,
 * after saying what `leftBehind` tells.
 */
export async function withInterrupt<T>(
  leftBehind: () => string | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new AbortController();
  let interruptedAt = 0;
  const hear = (): void => {
    if (!interrupt.signal.aborted) {
      interruptedAt = performance.now();
      interrupt.abort();
      return;
    }
    if (performance.now() - interruptedAt < sameSignalMs) return;
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
