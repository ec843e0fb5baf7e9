import { writeSync } from "node:fs";
import type { LogFormat, LogLevel } from "../config/options.ts";
import type { NodeLog } from "../logging/node-log.ts";
import { toNodeFailure } from "./node-failure.ts";

export interface Reporting {
  /** Undefined while the settings are not known. */
  readonly nodeId: number | undefined;
  readonly log: NodeLog | undefined;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}

const stderr = 2;

/**
 * Reports the failure in one line on standard error, in JSON logs too, and ends the process with the failure's exit
 * code. At log level debug the stack follows.
 */
export function endProcess(error: unknown, { nodeId, log, logFormat, logLevel }: Reporting): never {
  const failure = toNodeFailure(error);
  const stack = logLevel === "debug" && error instanceof Error ? { stack: error.stack } : {};
  const message = failure.message.replace(/\s*\n\s*/g, " ");
  if (logFormat === "json") log?.fatal(message, { event: "fatal", exitCode: failure.exitCode, ...stack });
  const name = nodeId === undefined ? "raftkv-node" : `[node ${nodeId}]`;
  writeLine(`${name} error: ${message}${stack.stack === undefined ? "" : `\n${stack.stack}`}`);
  process.exit(failure.exitCode);
}

/** Standard error may be gone; then there is nobody to tell. */
function writeLine(line: string): void {
  try {
    writeSync(stderr, `${line}\n`);
  } catch {}
}
