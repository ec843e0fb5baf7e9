import { parseArgs } from "node:util";
import {
  type KeyRangeTarget,
  type PutLeaseOptions,
  type RangeStepOptions,
  type SortBy,
  type Step,
  step,
} from "@raftkv/kv-client";
import { parseLeaseId } from "../options.ts";
import { parseTtl } from "../output/duration.ts";
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
  all: { type: "boolean" },
  lease: { type: "string" },
  ttl: { type: "string" },
  "keep-lease": { type: "boolean" },
  "keep-value": { type: "boolean" },
  // As etcdctl calls them.
  "prev-kv": { type: "boolean" },
  "count-only": { type: "boolean" },
  "ignore-lease": { type: "boolean" },
  "ignore-value": { type: "boolean" },
} as const;

type Options = ReturnType<typeof parse>["values"];

/** What each request understands. */
const ALLOWED: Readonly<Record<string, ReadonlySet<string>>> = {
  put: new Set(["previous", "prev-kv", "lease", "ttl", "keep-lease", "ignore-lease", "keep-value", "ignore-value"]),
  get: new Set(["prefix", "limit", "sort", "desc", "count", "count-only", "keys-only"]),
  range: new Set(["prefix", "from", "to", "all", "limit", "sort", "desc", "count", "count-only", "keys-only"]),
  del: new Set(["prefix", "from", "to", "all", "previous", "prev-kv"]),
};

/** `put KEY VALUE`, `get KEY`, `range KEY --prefix` or `del KEY`, with their options. Throws a `LineError`. */
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
      return rangeStep(rangeTarget(positionals, values, line), values, line);
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
  const keepValue = Boolean(options["keep-value"] || options["ignore-value"]);
  if (key === undefined || more !== undefined || (value === undefined) !== keepValue) {
    throw new LineError(`expected put KEY VALUE, or put KEY --keep-value: ${line}`);
  }
  return step.put(key, value, { ...previous(options), keepValue, ...leaseOptions(options, line) });
}

function leaseOptions(options: Options, line: string): PutLeaseOptions {
  const { lease, ttl } = options;
  const keepLease = Boolean(options["keep-lease"] || options["ignore-lease"]);
  return {
    keepLease,
    ...(lease === undefined ? {} : { lease: parsed("lease", lease, parseLeaseId, line) }),
    ...(ttl === undefined ? {} : { ttlMs: parsed("ttl", ttl, parseTtl, line) }),
  };
}

function parsed<T>(name: string, text: string, parse: (text: string) => T, line: string): T {
  try {
    return parse(text);
  } catch (error) {
    throw new LineError(`--${name} is ${text}: ${error instanceof Error ? error.message : String(error)} ${line}`);
  }
}

function getStep(positionals: readonly string[], options: Options, line: string): Step<unknown> {
  const [key, more] = positionals;
  if (key === undefined || more !== undefined) throw new LineError(`expected get KEY: ${line}`);
  return options.prefix ? rangeStep({ prefix: key }, options, line) : step.get(key);
}

function deleteStep(positionals: readonly string[], options: Options, line: string): Step<unknown> {
  const [key, more] = positionals;
  const isRange = options.prefix || options.all || options.from !== undefined || options.to !== undefined;
  if (isRange) {
    const target = rangeTarget(positionals, options, line);
    if (target.prefix === "") throw new LineError(`that would delete every key: if it is meant, say --all: ${line}`);
    return step.deleteRange(target, previous(options));
  }
  if (key === undefined || more !== undefined) throw new LineError(`expected del KEY: ${line}`);
  return step.delete(key, previous(options));
}

function previous(options: Options): { readonly previous: boolean } {
  return { previous: Boolean(options.previous || options["prev-kv"]) };
}

function rangeTarget(positionals: readonly string[], options: Options, line: string): KeyRangeTarget {
  const { prefix = false, from, to, all = false } = options;
  const [key, more] = positionals;
  const isBounded = from !== undefined || to !== undefined;
  const ways = [prefix, isBounded, all].filter(Boolean).length;
  if (ways !== 1 || prefix !== (key !== undefined) || more !== undefined) {
    throw new LineError(`expected KEY --prefix, or --from and --to, or --all: ${line}`);
  }
  if (key !== undefined) return { prefix: key };
  if (all) return { all };
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
