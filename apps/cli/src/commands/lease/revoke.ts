import type { GlobalOptions } from "../../options.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";

export async function revokeLease(id: number, options: GlobalOptions): Promise<void> {
  const result = await withClient(options, (client) => client.leases.revoke(id));
  const { revision, deleted } = result;
  const text = `OK, lease ${id} has ended, and ${deleted} ${deleted === 1 ? "key" : "keys"} with it, revision ${revision}\n`;
  await writeOut(options.output === "json" ? `${JSON.stringify(result)}\n` : text);
}
