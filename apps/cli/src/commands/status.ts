import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { statusJson, statusTable } from "../output/status-format.ts";
import { withAdmin } from "../session.ts";

export async function status(options: GlobalOptions): Promise<void> {
  const members = await withAdmin(options, (admin) => admin.members());
  await writeOut(options.output === "json" ? statusJson(members) : statusTable(members));
}
