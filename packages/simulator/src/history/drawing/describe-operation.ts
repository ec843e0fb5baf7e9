import type { Operation } from "../operation.ts";

/** A call or an answer in words: its kind, then what it holds. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(describeValue).join("; ");
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  // The kind `deleted` with `deleted: false` says "not deleted".
  const told = fields.filter(([name, field]) => name !== "kind" || fields.every(([other]) => other !== field));
  return told.map(([name, field]) => describeField(name, field)).join(" ");
}

/** What an operation says of itself needs no name in front of it. */
const unnamed = new Set(["kind", "key", "value", "entry"]);

function describeField(name: string, field: unknown): string {
  if (typeof field === "boolean") return field ? name : `not ${name}`;
  const text = Array.isArray(field) ? `(${describeValue(field)})` : describeValue(field);
  return unnamed.has(name) ? text : `${name} ${text}`;
}

export function describeOperation({ call, answer, answeredAt }: Operation<unknown, unknown>): string {
  const words = answer === undefined ? "no answer" : describeAnswer(call, answer);
  const told = answeredAt === undefined && answer !== undefined ? `${words} (later)` : words;
  return `${describeValue(call)} → ${told}`;
}

/** Without the kind, where that only repeats the call's. */
function describeAnswer(call: unknown, answer: unknown): string {
  const words = describeValue(answer);
  const kind = kindOf(answer);
  return kind !== undefined && kind === kindOf(call) && words.startsWith(`${kind} `)
    ? words.slice(kind.length + 1)
    : words;
}

function kindOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
  return typeof value.kind === "string" ? value.kind : undefined;
}
