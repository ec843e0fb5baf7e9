import type { LeadershipNotice } from "../algorithm/effects.ts";
import type { Logger } from "./logger.ts";

const causes = {
  asked: "it was asked for",
  priority: "that node has a higher priority",
  writeStall: "this node's disk stands still",
  pauses: "this process stands still time and again",
  pause: "this process stood still",
} as const;

/** Says in the log why leadership moves, or stays. */
export function logNotice(logger: Logger, notice: LeadershipNotice): void {
  const why = causes[notice.cause];
  switch (notice.kind) {
    case "handingOver": {
      const level = notice.cause === "writeStall" || notice.cause === "pauses" ? "warn" : "info";
      logger[level]("handing leadership over", { to: notice.to, why });
      return;
    }
    case "keeping":
      logger.warn("leadership was not handed over", { to: notice.to, why: notice.detail });
      return;
    case "steppingDown":
      logger.warn("stepping down", { why, forMs: Math.round(notice.forMs) });
  }
}
