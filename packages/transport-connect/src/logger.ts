/** Facts beside the message, for machines to read. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where this package reports what an operator should know. Must not throw. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
