import type { RangeOptions, SortBy } from "@raftkv/kv-client";
import type { GlobalOptions } from "../options.ts";
import { entryJson, entryLine } from "../output/entry-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { atRevision, type ReadCommandOptions, type RevisionOption, readNeeds } from "../read-options.ts";
import { withClient } from "../session.ts";

export interface RangeCommandOptions extends GlobalOptions, ReadCommandOptions, RevisionOption {
  readonly from?: string;
  readonly to?: string;
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

export async function range(prefix: string | undefined, options: RangeCommandOptions): Promise<void> {
  const { keysOnly, output } = options;
  const bounds = rangeOptions(prefix, options);
  await withClient(options, async (client) => {
    if (options.count) {
      const count = await client.count(bounds);
      return writeOut(output === "json" ? `${JSON.stringify({ count })}\n` : `${count}\n`);
    }
    for await (const entry of client.range(bounds)) {
      await writeOut(output === "json" ? `${entryJson(entry, { keysOnly })}\n` : entryLine(entry, { keysOnly }));
    }
  });
}

function rangeOptions(prefix: string | undefined, options: RangeCommandOptions): RangeOptions {
  const { from, to, limit, keysOnly, sort, desc } = options;
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = options;
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
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
