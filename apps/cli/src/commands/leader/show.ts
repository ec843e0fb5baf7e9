import type { GlobalOptions } from "../../options.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withAdmin } from "../../session.ts";

export async function showLeader(options: GlobalOptions): Promise<void> {
  const { nodeId, address, term } = await withAdmin(options, (admin) => admin.leader());
  if (options.output === "json") return writeOut(`${JSON.stringify({ nodeId, address, term })}\n`);
  await writeOut(`node ${nodeId} at ${address} leads, in term ${term}\n`);
}
