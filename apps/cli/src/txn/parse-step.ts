import { parseArgs } from "node:util";
import { type KeyRangeTarget, type RangeStepOptions, type SortBy, type Step, step } from "@raftkv/kv-client";
import { LineError, words } from "./words.ts";

const OPTIONS = {
  prefix: { type: "boolean" },
  from: { type: "string" },
  to: { type: "string" },
  limit: { type: "string" },
  sort: { type: "string" },
  desc: { type: "boolean" },
  count: { type: "boolean" },
  "keys-only": { type: "boolean" },
  previous: { type: "boolean" },
  // As etcdctl calls them.
  "prev-kv": { type: "boolean" },
  "count-only": { type: "boolean" },
} as const;

type Options = ReturnType<typeof parse>["values"];

/** What each request understands. */
const ALLOWED: Readonly<Record<string, ReadonlySet<string>>> = {
  put: new Set(["previous", "prev-kv"]),
  get: new Set(["prefix", "limit", "sort", "desc", "count", "count-only", "keys-only"]),
  range: new Set(["from", "to", "limit", "sort", "desc", "count", "count-only", "keys-only"]),
  del: new Set(["prefix", "from", "to", "previous", "prev-kv"]),
};

/** `put KEY VALUE`, `get KEY`, `range [PREFIX]` or `del KEY`, with their options. Throws a `LineError`. */
export function parseStep(line: string): Step<unknown> {
  const [name = "", ...args] = words(line);
  const allowed = Object.hasOwn(ALLOWED, name) ? ALLOWED[name] : undefined;
  if (allowed === undefined) throw new LineError(`expected put, get, range or del: ${line}`);
  const { values, positionals } = parse(args, line);
  const strange = Object.keys(values).find((option) => !allowed.has(option));
  if (strange !== undefined) throw new LineError(`${name} has no option --${strange}: ${line}`);
  switch (name) {
    case "put":
      return putStep(positionals, values, line);
    case "get":
      return getStep(positionals, values, line);
    case "range":
      return rangeStep(rangeTarget(positionals[0], values, line), values, line);
    default:
      return deleteStep(positionals, values, line);
  }
}

function parse(args: readonly string[], line: string) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new LineError(`${error instanceof Error ? error.message : String(error)}: ${line}`);
  }
}

function putStep(positionals: readonly string[], options: Options, line: string): Step<unknown> {
  const [key, value, more] = positionals;
  if (key === undefined || value === undefined || more !== undefined)
    throw new LineError(`expected put KEY VALUE: ${line}`);
  return step.put(key, value, previous(options));
}

function getStep(positionals: readonly string[], options: Options, line: string): Step<unknown> {
  const [key, more] = positionals;
  if (key === undefined || more !== undefined) throw new LineError(`expected get KEY: ${line}`);
  return options.prefix ? rangeStep({ prefix: key }, options, line) : step.get(key);
}

function deleteStep(positionals: readonly string[], options: Options, line: string): Step<unknown> {
  const [key] = positionals;
  const isRange = options.prefix || options.from !== undefined || options.to !== undefined;
  if (isRange) {
    return step.deleteRange(rangeTarget(options.prefix ? (key ?? "") : key, options, line), previous(options));
  }
  if (key === undefined || positionals.length > 1) throw new LineError(`expected del KEY: ${line}`);
  return step.delete(key, previous(options));
}

function previous(options: Options): { readonly previous: boolean } {
  return { previous: Boolean(options.previous || options["prev-kv"]) };
}

function rangeTarget(prefix: string | undefined, { from, to }: Options, line: string): KeyRangeTarget {
  if (prefix !== undefined && (from !== undefined || to !== undefined)) {
    throw new LineError(`a range has a prefix, or --from and --to, not both: ${line}`);
  }
  if (from === undefined && to === undefined) return { prefix: prefix ?? "" };
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function rangeStep(target: KeyRangeTarget, options: Options, line: string): Step<unknown> {
  const { limit, sort, desc = false, "keys-only": keysOnly = false } = options;
  const view: RangeStepOptions = {
    ...target,
    ...(limit === undefined ? {} : { limit: parseLimit(limit, line) }),
    ...(sort === undefined ? {} : { sortBy: sort as SortBy }),
    descending: desc,
    keysOnly,
  };
  return options.count || options["count-only"] ? step.count(view) : step.range(view);
}

function parseLimit(text: string, line: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit < 2 ** 32) return limit;
  throw new LineError(`--limit is ${text}, expected a whole number from 1: ${line}`);
}
