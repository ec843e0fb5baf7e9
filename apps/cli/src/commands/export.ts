import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { stepProgress } from "../output/step-progress.ts";
import { atRevision, type ReadCommandOptions, type RevisionOption, readNeeds } from "../read-options.ts";
import { realPace } from "../real-pace.ts";
import { withClient } from "../session.ts";
import { entryToLine } from "../transfer/entry-line.ts";

export interface ExportOptions extends GlobalOptions, ReadCommandOptions, RevisionOption {
  readonly prefix?: string;
}

/** Lines are gathered up to this before they are written: a write for each would take most of the time. */
const gatheredCharacters = 256 * 1024;

/** Everything is of one revision. */
export async function exportEntries(options: ExportOptions): Promise<void> {
  const { prefix } = options;
  const progress = stepProgress("export", (keys) => `${keys} keys`, process.stderr, realPace);
  let keys = 0;
  try {
    await withClient(options, async (client) => {
      const bounds = { ...(prefix === undefined ? {} : { prefix }), ...readNeeds(options), ...atRevision(options) };
      let lines = "";
      for await (const entry of client.range(bounds)) {
        lines += entryToLine(entry);
        keys++;
        if (lines.length < gatheredCharacters) continue;
        await writeOut(lines);
        lines = "";
        progress.update(keys, undefined);
      }
      await writeOut(lines);
    });
  } finally {
    progress.end();
  }
}
