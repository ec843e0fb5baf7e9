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
}

export async function range(prefix: string | undefined, options: RangeCommandOptions): Promise<void> {
  const { from, to, limit, keysOnly, output } = options;
  const bounds = {
    ...(prefix === undefined ? {} : { prefix }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(limit === undefined ? {} : { limit }),
    keysOnly,
    ...readNeeds(options),
    ...atRevision(options),
  };
  await withClient(options, async (client) => {
    for await (const entry of client.range(bounds)) {
      await writeOut(output === "json" ? `${entryJson(entry, { keysOnly })}\n` : entryLine(entry, { keysOnly }));
    }
  });
}
