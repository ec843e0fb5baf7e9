/** Where a node says what it does. Must not throw, and must not block. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Facts beside the message, for machines to read. */
export type LogFields = Readonly<Record<string, unknown>>;
