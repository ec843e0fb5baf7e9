import type { GlobalOptions } from "../options.ts";
import { writeJson, writeLine } from "../output/history-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { atRevision, type ReadCommandOptions, type RevisionOption, readNeeds } from "../read-options.ts";
import { withClient } from "../session.ts";

export interface HistoryCommandOptions extends GlobalOptions, ReadCommandOptions, RevisionOption {
  readonly limit?: number;
}

export async function history(key: string, options: HistoryCommandOptions): Promise<void> {
  const { limit, output } = options;
  const wanted = { ...(limit === undefined ? {} : { limit }), ...readNeeds(options), ...atRevision(options) };
  await withClient(options, async (client) => {
    for await (const write of client.history(key, wanted)) {
      await writeOut(output === "json" ? writeJson(write) : writeLine(write));
    }
  });
}
