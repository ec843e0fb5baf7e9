import type { NodeLog } from "../logging/node-log.ts";
import { exitCodes } from "./exit-code.ts";

/** A clean stop that takes longer is cut short. Nothing acknowledged is lost by that. */
const longestStopMs = 10_000;

/** One Ctrl-C can arrive several times: from the terminal, and passed on by the processes above. */
const sameSignalMs = 500;

/** Aborted by the first SIGTERM or SIGINT. A later one ends the process at once, and so does a stop that takes too long. */
export function stopSignal(log: NodeLog): AbortSignal {
  const controller = new AbortController();
  let stoppingSince = 0;
  const cutShort = (reason: string): never => {
    log.warn(`${reason}: ending at once`, { event: "stop-cut-short" });
    process.exit(exitCodes.interrupted);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      stoppingSince = performance.now();
      controller.abort(new Error(`stopped by ${signal}`));
      setTimeout(() => cutShort(`not stopped after ${longestStopMs} ms`), longestStopMs).unref();
    } else if (performance.now() - stoppingSince > sameSignalMs) {
      cutShort(`${signal} while stopping`);
    }
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return controller.signal;
}
