import { invalidUse } from "../command-error.ts";
import type { GlobalOptions } from "../options.ts";
import { previousFields, previousLines } from "../output/previous-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface DeleteCommandOptions extends GlobalOptions {
  readonly prefix: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly previous: boolean;
}

export async function del(key: string | undefined, options: DeleteCommandOptions): Promise<void> {
  const { prefix, from, to } = options;
  if (prefix || from !== undefined || to !== undefined) return delRange(key, options);
  if (key === undefined) throw invalidUse("name a key, or a range with --prefix, --from or --to");
  const result = await withClient(options, (client) => client.delete(key, options));
  const { deleted, revision } = result;
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ deleted, revision, ...previousFields(result.previous) })}\n`);
  }
  await writeOut(deleted ? `deleted, revision ${revision}\n` : "nothing to delete: there is no such key\n");
  await writeOut(previousLines(result.previous));
}

async function delRange(key: string | undefined, options: DeleteCommandOptions): Promise<void> {
  const { prefix, from, to } = options;
  if (prefix && key === undefined) throw invalidUse("--prefix says how keys begin: name that, or '' for all keys");
  if (!prefix && key !== undefined) throw invalidUse("a key and a range (--from, --to) exclude each other");
  const range = {
    ...(prefix && key !== undefined ? { prefix: key } : {}),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const { deleted, revision, previous } = await withClient(options, (client) => client.deleteRange(range, options));
  const asked = options.previous ? previous : undefined;
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ deleted, revision, ...previousFields(asked) })}\n`);
  }
  const keys = deleted === 1 ? "1 key" : `${deleted} keys`;
  await writeOut(
    deleted === 0 ? "nothing to delete: there is no such key\n" : `deleted ${keys}, revision ${revision}\n`,
  );
  await writeOut(previousLines(asked));
}
