import type { NodeLog } from "../logging/node-log.ts";
import { exitCodes } from "./exit-code.ts";

/** A clean stop that takes longer is cut short. Nothing acknowledged is lost by that. */
const longestStopMs = 10_000;

/** Aborted by the first SIGTERM or SIGINT. A second one ends the process at once, and so does a stop that takes too long. */
export function stopSignal(log: NodeLog): AbortSignal {
  const controller = new AbortController();
  const cutShort = (reason: string): never => {
    log.warn(`${reason}: ending at once`, { event: "stop-cut-short" });
    process.exit(exitCodes.interrupted);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) cutShort(`a second signal (${signal}) while stopping`);
    controller.abort(new Error(`stopped by ${signal}`));
    setTimeout(() => cutShort(`not stopped after ${longestStopMs} ms`), longestStopMs).unref();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return controller.signal;
}
