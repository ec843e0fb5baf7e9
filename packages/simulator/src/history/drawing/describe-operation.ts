import type { Operation } from "../operation.ts";

/** A call or an answer in words: its kind, then what it holds. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(describeValue).join("; ");
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => describeField(name, field))
    .join(" ");
}

/** What an operation says of itself needs no name in front of it. */
const unnamed = new Set(["kind", "key", "value", "entry", "done"]);

function describeField(name: string, field: unknown): string {
  const isNested = typeof field === "object" && field !== null;
  const text = isNested && Array.isArray(field) ? `(${describeValue(field)})` : describeValue(field);
  if (name === "done") return field === true ? "done" : "not done";
  return unnamed.has(name) ? text : `${name} ${text}`;
}

export function describeOperation({ call, answer, answeredAt }: Operation<unknown, unknown>): string {
  const told = answeredAt === undefined ? "no answer" : describeAnswer(call, answer);
  return `${describeValue(call)} → ${told}`;
}

/** Without the kind, where that only repeats the call's. */
function describeAnswer(call: unknown, answer: unknown): string {
  const words = describeValue(answer);
  const kind = kindOf(answer);
  return kind !== undefined && kind === kindOf(call) && words !== kind ? words.slice(kind.length + 1) : words;
}

function kindOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
  return typeof value.kind === "string" ? value.kind : undefined;
}
