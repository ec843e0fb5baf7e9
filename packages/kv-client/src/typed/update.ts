import type { CallOptions } from "../call.ts";
import { count } from "../count.ts";
import { RaftKvError } from "../error.ts";
import type { KeyValue } from "../key-value.ts";
import type { Namespace } from "../namespace.ts";
import { key, step } from "../transaction/index.ts";
import type { FenceOptions } from "../write-options.ts";
import type { PutResult } from "../write-results.ts";

/** `timeoutMs` is that of each read and each write. */
export interface UpdateOptions extends CallOptions, FenceOptions {
  /** How often to begin again where others have written meanwhile, the first time included. Default 16. */
  readonly attempts?: number;
}

interface Update {
  readonly key: Uint8Array;
  /** What is to stand there instead; undefined: what is there. */
  readonly change: (found: KeyValue | undefined) => Promise<Uint8Array | undefined>;
}

/** Writes what `change` makes of what is there, if nobody else has written since that was read; else makes it anew. */
export async function update(
  namespace: Namespace,
  { key: name, change }: Update,
  { attempts = 16, fence, ...call }: UpdateOptions,
): Promise<PutResult | undefined> {
  const most = count("attempts", attempts, 1, 2 ** 32 - 1);
  const options = fence === undefined ? call : { ...call, fence };
  let found = await namespace.get(name, call);
  for (let attempt = 1; attempt <= most; attempt++) {
    const value = await change(found);
    if (value === undefined) return undefined;
    const isStill = key(name).modRevision.equals(found?.modRevision ?? 0);
    // What is updated lives as long as it would have.
    const put = step.put(name, value, { keepLease: found !== undefined });
    const outcome = await namespace.transaction({ if: [isStill], do: [put], else: [step.get(name)] }, options);
    if (outcome.succeeded) return outcome.results[0];
    [found] = outcome.results;
  }
  throw new RaftKvError("CONFLICT", `update: others wrote the key at each of ${most} attempts`);
}
