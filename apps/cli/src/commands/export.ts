import type { KeyValue } from "@raftkv/kv-client";
import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { stepProgress } from "../output/step-progress.ts";
import { atRevision, type ReadCommandOptions, type RevisionOption, readNeeds } from "../read-options.ts";
import { realPace } from "../real-pace.ts";
import { withClient } from "../session.ts";
import { entryToLine } from "../transfer/entry-line.ts";
import { timesLeft } from "../transfer/times-left.ts";

export interface ExportOptions extends GlobalOptions, ReadCommandOptions, RevisionOption {
  readonly prefix?: string;
}

/** Lines are gathered up to this before they are written: a write for each would take most of the time. */
const gatheredCharacters = 256 * 1024;

/** Keys whose leases are asked about together. */
const entriesTogether = 500;

const noTimes: ReadonlyMap<KeyValue, number> = new Map();

/** Everything is of one revision; how long keys live is that of the moment. */
export async function exportEntries(options: ExportOptions): Promise<void> {
  const { prefix } = options;
  const progress = stepProgress("export", (keys) => `${keys} keys`, process.stderr, realPace);
  let keys = 0;
  try {
    await withClient(options, async (client) => {
      const bounds = { ...(prefix === undefined ? {} : { prefix }), ...readNeeds(options), ...atRevision(options) };
      let lines = "";
      for await (const entries of gathered(client.range(bounds))) {
        // Nobody knows how long what was there in the past had to live.
        const times = options.atRevision === undefined ? await timesLeft(client, entries, readNeeds(options)) : noTimes;
        for (const entry of entries) lines += entryToLine(entry, times.get(entry));
        keys += entries.length;
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

async function* gathered(entries: AsyncIterable<KeyValue>): AsyncGenerator<readonly KeyValue[], void, undefined> {
  let together: KeyValue[] = [];
  for await (const entry of entries) {
    together.push(entry);
    if (together.length < entriesTogether) continue;
    yield together;
    together = [];
  }
  yield together;
}
