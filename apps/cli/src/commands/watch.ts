import type { RaftKv, Watch, WatchOptions, WatchTarget } from "@raftkv/kv-client";
import { invalidUse } from "../command-error.ts";
import { withInterrupt } from "../interrupt.ts";
import { type KeyRangeCommandOptions, namedKeys } from "../key-range.ts";
import type { GlobalOptions } from "../options.ts";
import { eventJson, eventLine } from "../output/event-format.ts";
import { writeOut } from "../output/standard-output.ts";
import { withClient } from "../session.ts";

export interface WatchCommandOptions extends GlobalOptions, KeyRangeCommandOptions {
  readonly fromRevision?: number;
  readonly only?: "put" | "delete";
  readonly previous: boolean;
  readonly limit?: number;
}

/** Until so many events have come, or Ctrl-C. */
export async function watch(key: string | undefined, options: WatchCommandOptions): Promise<void> {
  const target = watchTarget(key, options);
  await withClient(options, (client) =>
    withInterrupt(
      () => undefined,
      async (signal) => {
        const watching = client.watch(target, watchOptions(options));
        // What has arrived is of no use to anybody who has had enough.
        signal.addEventListener("abort", () => watching.close());
        await begin(watching, signal);
        await print(watching, options);
      },
    ),
  );
}

function watchTarget(key: string | undefined, options: KeyRangeCommandOptions): WatchTarget {
  const target = namedKeys(key, options);
  if (target === undefined) throw invalidUse("name a key, or keys with --prefix, --from and --to, or --all");
  return target;
}

function watchOptions({ fromRevision, only, previous }: WatchCommandOptions): WatchOptions {
  return {
    previous,
    ...(fromRevision === undefined ? {} : { startRevision: fromRevision }),
    ...(only === undefined ? {} : { events: only }),
  };
}

/** Says when it has begun: whoever writes after that sees it told. */
async function begin(watching: Watch, signal: AbortSignal): Promise<void> {
  try {
    const revision = await watching.started();
    process.stderr.write(`raftkv: watching what follows revision ${revision}; Ctrl-C ends it\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function print(watching: ReturnType<RaftKv["watch"]>, options: WatchCommandOptions): Promise<void> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for await (const event of watching) {
    await writeOut(options.output === "json" ? eventJson(event) : eventLine(event));
    if (--left <= 0) return;
  }
}
