import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export async function del(key: string, options: GlobalOptions): Promise<void> {
  const { deleted, revision } = await withClient(options, (client) => client.delete(key));
  if (options.output === "json") return writeOut(`${JSON.stringify({ deleted, revision })}\n`);
  await writeOut(deleted ? `deleted, revision ${revision}\n` : "nothing to delete: there is no such key\n");
}
