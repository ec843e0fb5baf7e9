import { buffer } from "node:stream/consumers";
import { invalidUse } from "../command-error.ts";
import type { FenceOption } from "../fence-option.ts";
import type { GlobalOptions } from "../options.ts";
import { previousFields, previousLines } from "../output/previous-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface PutCommandOptions extends GlobalOptions, FenceOption {
  readonly ttl?: number;
  readonly lease?: number;
  readonly keepLease: boolean;
  readonly keepValue: boolean;
  readonly previous: boolean;
}

/** `-` stands for the bytes of standard input. */
export async function put(key: string, value: string | undefined, options: PutCommandOptions): Promise<void> {
  const { keepValue } = options;
  if (value === undefined && !keepValue) {
    throw invalidUse("name a value (- for that of standard input), or --keep-value to change only the lease");
  }
  if (value !== undefined && keepValue) throw invalidUse("a value and --keep-value exclude each other");
  const bytes = value === "-" ? await buffer(process.stdin) : value;
  const { revision, previous } = await withClient(options, (client) => client.put(key, bytes, putOptions(options)));
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ revision, ...previousFields(previous) })}\n`);
  }
  await writeOut(`OK, revision ${revision}\n`);
  await writeOut(previousLines(previous));
}

function putOptions({ ttl, lease, keepLease, keepValue, previous, fence }: PutCommandOptions) {
  return {
    previous,
    keepLease,
    keepValue,
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(lease === undefined ? {} : { lease }),
    ...(fence === undefined ? {} : { fence }),
  };
}
