import { buffer } from "node:stream/consumers";
import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface PutCommandOptions extends GlobalOptions {
  readonly ttl?: number;
  readonly lease?: number;
  readonly keepLease: boolean;
}

/** `-` stands for the bytes of standard input. */
export async function put(key: string, value: string, options: PutCommandOptions): Promise<void> {
  const bytes = value === "-" ? await buffer(process.stdin) : value;
  const { revision } = await withClient(options, (client) => client.put(key, bytes, leaseOptions(options)));
  await writeOut(options.output === "json" ? `${JSON.stringify({ revision })}\n` : `OK, revision ${revision}\n`);
}

function leaseOptions({ ttl, lease, keepLease }: PutCommandOptions) {
  return { keepLease, ...(ttl === undefined ? {} : { ttlMs: ttl }), ...(lease === undefined ? {} : { lease }) };
}
