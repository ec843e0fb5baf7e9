import type { Operation } from "../operation.ts";
import type { Facts } from "./facts.ts";

interface Known {
  readonly revision: number;
  readonly by: Operation<unknown, unknown>;
}

/** The highest revisions that somebody knows of, of the store and of each key: nothing later may fall below them. */
export class Floor {
  #store: Known | undefined;
  readonly #keys = new Map<string, Known>();

  raise(facts: Facts): void {
    const { operation, wroteAt, revision, writes, saw } = facts;
    for (const { key } of writes) if (wroteAt !== undefined) this.#raiseKey(key, { revision: wroteAt, by: operation });
    for (const { key, entry } of saw) {
      if (entry !== undefined) this.#raiseKey(key, { revision: entry.modRevision, by: operation });
    }
    for (const known of [wroteAt, revision, ...saw.map(({ entry }) => entry?.modRevision)]) {
      if (known !== undefined && known > (this.#store?.revision ?? -1))
        this.#store = { revision: known, by: operation };
    }
  }

  /** What is below the floor, and the operation that set it; undefined: nothing is. */
  below(facts: Facts): { readonly message: string; readonly by: Operation<unknown, unknown> } | undefined {
    const { wroteAt, revision, saw } = facts;
    const store = this.#store;
    if (store !== undefined && wroteAt !== undefined && wroteAt <= store.revision) {
      return {
        message: `wrote at revision ${wroteAt}, though revision ${store.revision} was known before`,
        by: store.by,
      };
    }
    if (store !== undefined && revision !== undefined && revision < store.revision) {
      return { message: `was told revision ${revision}, though ${store.revision} was known before`, by: store.by };
    }
    for (const { key, entry } of saw) {
      const known = this.#keys.get(key);
      if (known === undefined || entry === undefined || entry.modRevision >= known.revision) continue;
      const message = `saw ${key} as of revision ${entry.modRevision}, though its revision ${known.revision} was known before`;
      return { message, by: known.by };
    }
    return undefined;
  }

  #raiseKey(key: string, known: Known): void {
    const before = this.#keys.get(key);
    if (before === undefined || before.revision < known.revision) this.#keys.set(key, known);
  }
}
