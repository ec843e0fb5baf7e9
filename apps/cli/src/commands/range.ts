import type { KeyRangeTarget, RangeOptions, SortBy } from "@raftkv/kv-client";
import { type KeyRangeCommandOptions, namedKeys } from "../key-range.ts";
import type { GlobalOptions } from "../options.ts";
import { entryJson, entryLine } from "../output/entry-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { atRevision, type ReadCommandOptions, type RevisionOption, readNeeds } from "../read-options.ts";
import { withClient } from "../session.ts";

export interface RangeCommandOptions extends GlobalOptions, ReadCommandOptions, RevisionOption, KeyRangeCommandOptions {
  readonly limit?: number;
  readonly keysOnly: boolean;
  readonly count: boolean;
  readonly sort?: SortBy;
  readonly desc: boolean;
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

/** Without keys that are named: all. */
export async function range(key: string | undefined, options: RangeCommandOptions): Promise<void> {
  const { keysOnly, output } = options;
  const bounds = { ...target(namedKeys(key, options)), ...viewOptions(options) };
  await withClient(options, async (client) => {
    if (options.count) {
      const count = await client.count(bounds);
      return writeOut(output === "json" ? `${JSON.stringify({ count })}\n` : `${count}\n`);
    }
    let isEmpty = true;
    for await (const entry of client.range(bounds)) {
      isEmpty = false;
      await writeOut(output === "json" ? `${entryJson(entry, { keysOnly })}\n` : entryLine(entry, { keysOnly }));
    }
    if (isEmpty && key !== undefined) {
      process.stderr.write(`raftkv: there is no key "${key}"; for those that begin with it: --prefix\n`);
    }
  });
}

function target(keys: string | KeyRangeTarget = {}): KeyRangeTarget {
  return typeof keys === "string" ? { from: keys, to: `${keys}\0` } : keys;
}

function viewOptions(options: RangeCommandOptions): RangeOptions {
  const { limit, keysOnly, sort, desc } = options;
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = options;
  return {
    ...(limit === undefined ? {} : { limit }),
    keysOnly,
    ...(sort === undefined ? {} : { sortBy: sort }),
    descending: desc,
    ...(minModRevision === undefined ? {} : { minModRevision }),
    ...(maxModRevision === undefined ? {} : { maxModRevision }),
    ...(minCreateRevision === undefined ? {} : { minCreateRevision }),
    ...(maxCreateRevision === undefined ? {} : { maxCreateRevision }),
    ...readNeeds(options),
    ...atRevision(options),
  };
}
