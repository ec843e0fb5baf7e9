import type { KeyRangeTarget } from "@raftkv/kv-client";
import type { Command } from "commander";
import { invalidUse } from "./command-error.ts";

/** Which keys a command is about, besides a key that it names. */
export interface KeyRangeCommandOptions {
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
  readonly all: boolean;
}

/** The same for all commands that take one key or many. */
export function addKeyRangeOptions(command: Command): Command {
  return command
    .option("--prefix <prefix>", "every key that begins with it (instead of a key)")
    .option("--from <key>", "the first key, inclusive (instead of a key)")
    .option("--to <key>", "the end, exclusive (instead of a key)")
    .option("--all", "every key there is", false);
}

/** One key, or many; undefined: none are named. Throws where they are named in two ways. */
export function namedKeys(
  key: string | undefined,
  { prefix, from, to, all }: KeyRangeCommandOptions,
): string | KeyRangeTarget | undefined {
  const isBounded = from !== undefined || to !== undefined;
  const ways = [key !== undefined, prefix !== undefined, isBounded, all].filter(Boolean).length;
  if (ways > 1) throw invalidUse("a key, --prefix, --from with --to, and --all are four ways to name keys: choose one");
  if (key !== undefined) return key;
  if (prefix !== undefined) return { prefix };
  if (isBounded) return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  return all ? { all } : undefined;
}
