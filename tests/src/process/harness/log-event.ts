/** One line of a node's JSON log. The fields beyond these depend on the event (see apps/node/README.md). */
export interface LogEvent {
  /** What happened, as a stable name; absent where a line is only for people. */
  readonly event: string | undefined;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Throws if the line is not a JSON object: with `--log-format json` a node writes nothing else. */
export function parseLogLine(line: string): LogEvent {
  const fields: unknown = JSON.parse(line);
  if (!isRecord(fields)) throw new Error(`not a log line: ${line}`);
  const { event, msg } = fields;
  return { event: typeof event === "string" ? event : undefined, message: String(msg ?? ""), fields };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
