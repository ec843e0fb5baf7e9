import { type Comparison, key } from "@raftkv/kv-client";
import { LineError, words } from "./words.ts";

const FIELDS: Readonly<Record<string, "value" | "version" | "createRevision" | "modRevision" | "leaseId">> = {
  value: "value",
  val: "value",
  v: "value",
  version: "version",
  ver: "version",
  create: "createRevision",
  c: "createRevision",
  mod: "modRevision",
  m: "modRevision",
  lease: "leaseId",
};

const RELATIONS = { "=": "equals", "!=": "notEquals", "<": "lessThan", ">": "greaterThan" } as const;

const EXPECTED = 'expected a comparison, such as value("key") = "text", version("key") > 0, create, mod or lease';

/** `FIELD("KEY") RELATION OPERAND`, as etcdctl has it; numbers may stand in quotes or not. Throws a `LineError`. */
export function parseComparison(line: string): Comparison {
  const match =
    /^\s*(?<field>\w+)\s*\(\s*(?<name>"(?:[^"\\]|\\.)*"|'[^']*'|[^"'()\s]+)\s*\)\s*(?<relation>!=|=|<|>)\s*(?<operand>.*)$/.exec(
      line,
    );
  const { field = "", name = "", relation = "", operand = "" } = match?.groups ?? {};
  if (match === null) throw new LineError(`${EXPECTED}: ${line}`);
  const target = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
  if (target === undefined) throw new LineError(`${field} cannot be compared: ${EXPECTED}`);
  const subject = key(oneWord(name, line));
  const compare = RELATIONS[relation as keyof typeof RELATIONS];
  const text = oneWord(operand, line);
  return target === "value" ? subject.value[compare](text) : subject[target][compare](wholeNumber(text, line));
}

function oneWord(text: string, line: string): string {
  const [word, more] = words(text);
  if (word === undefined || more !== undefined) throw new LineError(`${EXPECTED}: ${line}`);
  return word;
}

function wholeNumber(text: string, line: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new LineError(`${text} is no whole number from 0: ${line}`);
}
