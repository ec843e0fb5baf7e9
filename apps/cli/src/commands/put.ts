import { buffer } from "node:stream/consumers";
import type { GlobalOptions } from "../options.ts";
import { previousFields, previousLines } from "../output/previous-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface PutCommandOptions extends GlobalOptions {
  readonly previous: boolean;
}

/** `-` stands for the bytes of standard input. */
export async function put(key: string, value: string, options: PutCommandOptions): Promise<void> {
  const bytes = value === "-" ? await buffer(process.stdin) : value;
  const { revision, previous } = await withClient(options, (client) => client.put(key, bytes, options));
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ revision, ...previousFields(previous) })}\n`);
  }
  await writeOut(`OK, revision ${revision}\n`);
  await writeOut(previousLines(previous));
}
