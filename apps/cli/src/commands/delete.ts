import type { KeyRangeTarget } from "@raftkv/kv-client";
import { invalidUse } from "../command-error.ts";
import { confirm } from "../confirm.ts";
import type { FenceOption } from "../fence-option.ts";
import { type KeyRangeCommandOptions, namedKeys } from "../key-range.ts";
import type { GlobalOptions } from "../options.ts";
import { previousFields, previousLines } from "../output/previous-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface DeleteCommandOptions extends GlobalOptions, KeyRangeCommandOptions, FenceOption {
  readonly previous: boolean;
  readonly yes: boolean;
}

export async function del(key: string | undefined, options: DeleteCommandOptions): Promise<void> {
  const keys = namedKeys(key, options);
  if (keys === undefined) throw invalidUse("name a key, or keys with --prefix, --from and --to, or --all");
  if (typeof keys !== "string") return delRange(keys, options);
  const { previous: asked, fence } = options;
  const result = await withClient(options, (client) =>
    client.delete(keys, { previous: asked, ...(fence && { fence }) }),
  );
  const { deleted, revision } = result;
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ deleted, revision, ...previousFields(result.previous) })}\n`);
  }
  await writeOut(deleted ? `deleted, revision ${revision}\n` : "nothing to delete: there is no such key\n");
  await writeOut(previousLines(result.previous));
}

async function delRange(range: KeyRangeTarget, options: DeleteCommandOptions): Promise<void> {
  const { prefix = "", from = "", to = "", all = false } = range;
  if (!all && [prefix, from, to].every((bound) => bound.length === 0)) {
    throw invalidUse("that would delete every key: if it is meant, say --all");
  }
  if (all) await confirm("delete every key of the cluster?", options);
  const { previous: wanted, fence } = options;
  const { deleted, revision, previous } = await withClient(options, (client) =>
    client.deleteRange(range, { previous: wanted, ...(fence && { fence }) }),
  );
  const asked = wanted ? previous : undefined;
  if (options.output === "json") {
    return writeOut(`${JSON.stringify({ deleted, revision, ...previousFields(asked) })}\n`);
  }
  const keys = deleted === 1 ? "1 key" : `${deleted} keys`;
  await writeOut(
    deleted === 0 ? "nothing to delete: there is no such key\n" : `deleted ${keys}, revision ${revision}\n`,
  );
  await writeOut(previousLines(asked));
}
