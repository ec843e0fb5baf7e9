import type { Calls } from "../calls.ts";
import { RaftKvError } from "../error.ts";
import { watchPlan } from "../watch/watch-options.ts";

/**
 * Resolves once one of the keys, which were there at `revision`, was deleted, or perhaps was: look again. Rejects as a watch
 * does.
 */
export async function deletedOneOf(
  calls: Calls,
  keys: readonly Uint8Array[],
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const [first, last] = ends(keys);
  // Of one key alone it is told nothing else; of many, of what stands between them too.
  const target = keys.length === 1 ? first : { from: first, to: new Uint8Array([...last, 0]) };
  const options = { startRevision: revision + 1, events: "delete", signal } as const;
  try {
    for await (const { keyBytes } of calls.watch(watchPlan(target, options), options)) {
      if (keys.some((key) => Buffer.compare(key, keyBytes) === 0)) return;
    }
  } catch (error) {
    // It came too late to be told.
    if (!(error instanceof RaftKvError) || error.code !== "COMPACTED") throw error;
  }
}

function ends(keys: readonly Uint8Array[]): readonly [first: Uint8Array, last: Uint8Array] {
  const sorted = keys.toSorted((a, b) => Buffer.compare(a, b));
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) throw new Error("there is no key to wait for");
  return [first, last];
}
