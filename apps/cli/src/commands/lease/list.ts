import type { LeaseInfo } from "@raftkv/kv-client";
import type { GlobalOptions } from "../../options.ts";
import { formatDuration } from "../../output/duration.ts";
import { writeOut } from "../../output/standard-output.ts";
import { type Column, textTable } from "../../output/table.ts";
import { withClient } from "../../session.ts";

const columns: readonly Column[] = [
  { name: "lease", align: "right" },
  { name: "time to live", align: "right" },
  { name: "left", align: "right" },
  { name: "keys", align: "right" },
];

/** A table of so many; whoever has more sees several. */
const rowsAtOnce = 1_000;

export async function listLeases(options: GlobalOptions): Promise<void> {
  await withClient(options, async (client) => {
    let rows: (readonly string[])[] = [];
    for await (const lease of client.leases.list()) {
      if (options.output === "json") {
        await writeOut(`${JSON.stringify(lease)}\n`);
        continue;
      }
      rows.push(row(lease));
      if (rows.length < rowsAtOnce) continue;
      await writeOut(textTable(columns, rows));
      rows = [];
    }
    if (rows.length > 0) await writeOut(textTable(columns, rows));
  });
}

function row({ id, ttlMs, leftMs, keyCount }: LeaseInfo): readonly string[] {
  return [`${id}`, formatDuration(ttlMs), formatDuration(leftMs), `${keyCount}`];
}
