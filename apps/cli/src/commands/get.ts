import type { GlobalOptions } from "../options.ts";
import { entryJson } from "../output/entry-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { atRevision, type ReadCommandOptions, type RevisionOption, readNeeds } from "../read-options.ts";
import { withClient } from "../session.ts";

/** False: the key does not exist. */
export async function get(key: string, options: GlobalOptions & ReadCommandOptions & RevisionOption): Promise<boolean> {
  const entry = await withClient(options, (client) =>
    client.get(key, { ...readNeeds(options), ...atRevision(options) }),
  );
  if (entry === undefined) return false;
  const output = options.output === "json" ? entryJson(entry, { keysOnly: false }) : entry.value;
  await writeOut(output);
  await writeOut("\n");
  return true;
}
