import type { Operation } from "../operation.ts";

/** Reads calls and answers of one model: throws where they are something else. */
export interface OperationParser<Call, Answer> {
  parseCall(value: unknown): Call;
  parseAnswer(call: Call, value: unknown): Answer;
}

/** A history that cannot be read: the message names the line, what was found, and what is expected. */
export class HistoryFormatError extends Error {
  override readonly name = "HistoryFormatError";
  readonly code = "badHistory";
  /** From 1. */
  readonly line: number;

  constructor(line: number, finding: string) {
    super(`line ${line}: ${finding}`);
    this.line = line;
  }
}

/**
 * Reads a history in JSON lines, one operation a line, in any order:
 *
 *     {"client":"a","key":"x","call":{"kind":"write","value":1},"calledAt":1,"answer":{"done":true},"answeredAt":2}
 *
 * `client` and `key` may be left out; both are text or numbers. `calledAt` and `answeredAt` are numbers on one clock.
 * Without `answeredAt` nobody knows the outcome. An operation that certainly had no effect does not belong in a history.
 * Empty lines are skipped. Throws a `HistoryFormatError`.
 */
export function parseHistory<Call, Answer>(
  parser: OperationParser<Call, Answer>,
  text: string,
): Operation<Call, Answer>[] {
  return text.split("\n").flatMap((line, number) => {
    if (line.trim() === "") return [];
    try {
      return [parseOperation(parser, line)];
    } catch (error) {
      throw new HistoryFormatError(number + 1, error instanceof Error ? error.message : String(error));
    }
  });
}

/** The same, the other way round: ends with a line break. */
export function formatHistory(history: readonly Operation<unknown, unknown>[]): string {
  return history
    .map(({ client, key, call, calledAt, answer, answeredAt }) => {
      const told = answeredAt === undefined ? {} : { answer, answeredAt };
      return `${JSON.stringify({ client, key, call, calledAt, ...told })}\n`;
    })
    .join("");
}

const known = new Set(["client", "key", "call", "calledAt", "answer", "answeredAt"]);

function parseOperation<Call, Answer>(parser: OperationParser<Call, Answer>, line: string): Operation<Call, Answer> {
  const fields = fieldsOf(JSON.parse(line));
  const unknown = [...fields.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`there is no field "${unknown}"; there are ${[...known].join(", ")}`);
  const calledAt = time("calledAt", fields.get("calledAt"));
  const call = parser.parseCall(fields.get("call"));
  const named = { client: name("client", fields.get("client")), key: name("key", fields.get("key")), calledAt, call };
  const answeredAt = fields.get("answeredAt") ?? undefined;
  if (answeredAt === undefined) {
    if (fields.get("answer") === undefined) return { ...named, answeredAt: undefined, answer: undefined };
    throw new Error("an answer without answeredAt: say when it came");
  }
  const end = time("answeredAt", answeredAt);
  if (end < calledAt) throw new Error(`answered at ${end}, before it was called at ${calledAt}`);
  return { ...named, answeredAt: end, answer: parser.parseAnswer(call, fields.get("answer")) };
}

function fieldsOf(value: unknown): Map<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("expected an object: one operation");
  }
  return new Map(Object.entries(value));
}

function name(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Error(`${field} is ${JSON.stringify(value)}: expected text or a number`);
}

function time(field: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Error(`${field} is ${JSON.stringify(value)}: expected a number`);
}
