import type { AtRevisionOptions, ReadConsistency, ReadNeedsOptions } from "@raftkv/kv-client";
import { type Command, InvalidArgumentError, Option } from "commander";
import { invalidUse } from "./command-error.ts";

/** The options of the commands that read. */
export interface ReadCommandOptions {
  readonly consistency?: ReadConsistency;
  readonly minRevision?: number;
  /** Milliseconds. */
  readonly maxStaleness?: number;
}

/** Of the commands that read the past. */
export interface RevisionOption {
  readonly atRevision?: number;
}

export function addRevisionOption(command: Command): Command {
  return command.option("--at-revision <n>", "the store as it was at this revision", parseRevision);
}

export function atRevision({ atRevision }: RevisionOption): AtRevisionOptions {
  return atRevision === undefined ? {} : { atRevision };
}

export function addReadOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--consistency <level>",
        "what the read must see (default: linearizable; with --min-revision or --max-staleness: serializable)",
      ).choices(["linearizable", "lease", "serializable"]),
    )
    .option("--min-revision <n>", "wait until the node has this revision of the store", parseCount)
    .option("--max-staleness <ms>", "be behind by at most so many milliseconds", parseCount);
}

export function readNeeds({ consistency, minRevision, maxStaleness }: ReadCommandOptions): ReadNeedsOptions {
  if (maxStaleness !== undefined && (consistency === "linearizable" || consistency === "lease")) {
    throw invalidUse(
      `--max-staleness does not go with --consistency ${consistency}, which is never behind: leave one of them out`,
    );
  }
  return {
    ...(consistency === undefined ? {} : { consistency }),
    ...(minRevision === undefined ? {} : { minRevision }),
    ...(maxStaleness === undefined ? {} : { maxStalenessMs: maxStaleness }),
  };
}

export function parseRevision(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a revision: a whole number from 1.");
}

function parseCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("Expected a whole number from 0.");
}
