import type { Clock } from "./clock.ts";
import { connectHttp2 } from "./http2-connection.ts";
import type { ClientPorts } from "./ports.ts";

/** The ports that were given, and the real ones of this process for the rest. */
export function portsOf(given: Partial<ClientPorts>): ClientPorts {
  return {
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
    endOfTurn: given.endOfTurn ?? ((callback) => void setImmediate(callback)),
    connect: given.connect ?? connectHttp2,
  };
}

/** The real time of this process. */
const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(delayMs, callback, options) {
    const timer = setTimeout(callback, delayMs);
    if (options?.background) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
