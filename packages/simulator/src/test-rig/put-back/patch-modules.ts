import { registerHooks } from "node:module";
import type { Patch } from "./put-back-bug.ts";

/**
 * From now on modules are loaded in this thread with the patches in their text. Loading one in which a patch's place is
 * not found exactly once fails: a bug that is not there must not count as one that nobody noticed.
 */
export function patchModules(patches: readonly Patch[]): { assertAllApplied(): void } {
  const applied = new Set<Patch>();
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const here = patches.filter(({ module }) => url.endsWith(module));
      if (here.length === 0) return loaded;
      let text = String(Buffer.from(loaded.source as Uint8Array));
      for (const patch of here) {
        const parts = text.split(patch.find);
        if (parts.length !== 2) {
          throw new Error(
            `${patch.module} has "${patch.find}" ${parts.length - 1} times: the bug has to be put back anew`,
          );
        }
        text = parts.join(patch.replace);
        applied.add(patch);
      }
      return { ...loaded, source: text };
    },
  });
  return {
    assertAllApplied() {
      const missing = patches.find((patch) => !applied.has(patch));
      if (missing !== undefined) throw new Error(`no module ${missing.module} was loaded`);
    },
  };
}
