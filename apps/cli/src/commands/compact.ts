import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export async function compact(revision: number, options: GlobalOptions): Promise<void> {
  const { compactRevision } = await withClient(options, (client) => client.compact(revision));
  const text = `OK, the earliest revision is ${compactRevision}\n`;
  await writeOut(options.output === "json" ? `${JSON.stringify({ compactRevision })}\n` : text);
}
