import { buffer } from "node:stream/consumers";
import type { GlobalOptions } from "../options.ts";
import { previousFields, previousLines } from "../output/previous-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface PutCommandOptions extends GlobalOptions {
  readonly ttl?: number;
  readonly lease?: number;
  readonly keepLease: boolean;
  readonly previous: boolean;
}

/** `-` stands for the bytes of standard input. */
export async function put(key: string, value: string, options: PutCommandOptions): Promise<void> {
  const bytes = value === "-" ? await buffer(process.stdin) : value;
  const { revision, previous } = await withClient(options, (client) =>
    client.put(key, bytes, { previous: options.previous, ...leaseOptions(options) }),
  );
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ revision, ...previousFields(previous) })}\n`);
  }
  await writeOut(`OK, revision ${revision}\n`);
  await writeOut(previousLines(previous));
}

function leaseOptions({ ttl, lease, keepLease }: PutCommandOptions) {
  return { keepLease, ...(ttl === undefined ? {} : { ttlMs: ttl }), ...(lease === undefined ? {} : { lease }) };
}
