import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import type { LogFormat, LogLevel } from "../config/options.ts";
import { prettyLine } from "./pretty-line.ts";

/** The facts of a line, for machines. `event` names what happened: README.md lists the names, which are stable. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a node says what it does; also the logger of the packages that it wires together. */
export interface NodeLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  fatal(message: string, fields?: LogFields): void;
}

/** A log whose lines name the node once it is known which one this is. */
export interface NamedLog extends NodeLog {
  names(nodeId: number): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly colorize: boolean;
}

const stdout = 1;

/** Writes to standard output, synchronously: the lines are few, and the last ones matter most. */
export function openLog({ level, format, colorize }: LogOptions): NamedLog {
  const destination = pino.destination({ dest: stdout, sync: true });
  const options = {
    level,
    base: {},
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: (error: unknown) => describeError(error, level) },
  };
  const logger = pino(options, format === "json" ? destination : prettyDestination(destination, colorize));
  return { ...toNodeLog(logger), names: (node) => logger.setBindings({ node }) };
}

function prettyDestination(destination: DestinationStream, colorize: boolean): DestinationStream {
  return { write: (json) => destination.write(prettyLine(json, colorize)) };
}

function describeError(error: unknown, level: LogLevel): unknown {
  if (!(error instanceof Error)) return error;
  return level === "debug" ? error.stack : error.message;
}

function toNodeLog(logger: PinoLogger): NodeLog {
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
    fatal: (message, fields) => logger.fatal(fields, message),
  };
}
