import { buffer } from "node:stream/consumers";
import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

/** `-` stands for the bytes of standard input. */
export async function put(key: string, value: string, options: GlobalOptions): Promise<void> {
  const bytes = value === "-" ? await buffer(process.stdin) : value;
  const { revision } = await withClient(options, (client) => client.put(key, bytes));
  await writeOut(options.output === "json" ? `${JSON.stringify({ revision })}\n` : `OK, revision ${revision}\n`);
}
