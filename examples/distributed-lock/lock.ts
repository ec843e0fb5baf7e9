import type { Surroundings } from "./surroundings.ts";

export interface LockOptions {
  readonly name: string;
  /** Who wants it: unique among all that do. */
  readonly owner: string;
  /** A claim that has not been renewed for so long is taken for dead. */
  readonly ttlMs: number;
}

/** A lock that is held, as far as its holder can tell. */
export interface HeldLock {
  /** Larger for each later holder: whoever guards what the lock protects can tell an earlier holder from a later one. */
  readonly token: number;
  release(): Promise<void>;
}

const lookEveryMs = 100;

/**
 * A lock on the store. Everybody who wants it puts a claim of its own; the oldest claim has the lock. A claim whose owner is
 * gone is deleted by whoever waits behind it.
 *
 * That a lock is held is never certain: its holder may stand still for longer than `ttlMs`, and another one has it by then.
 * What the lock protects has to check the token.
 */
export class Lock {
  readonly #surroundings: Surroundings;
  readonly #options: LockOptions;
  readonly #prefix: string;
  #claims = 0;

  constructor(surroundings: Surroundings, options: LockOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#prefix = `locks/${options.name}/`;
  }

  /** Waits until it is held. Rejects where the store does; a claim that was left behind dies by itself. */
  async acquire(): Promise<HeldLock> {
    const { kv, clock } = this.#surroundings;
    const key = `${this.#prefix}${this.#options.owner}/${++this.#claims}`;
    for (;;) {
      // A put of a key that is there renews the claim, and leaves it in its place.
      await kv.put(key, String(clock.now() + this.#options.ttlMs));
      const first = await this.#oldestClaim();
      if (first?.key === key) {
        return {
          token: first.createRevision,
          release: async () => {
            await kv.delete(key);
          },
        };
      }
      await clock.sleep(lookEveryMs);
    }
  }

  async #oldestClaim(): Promise<{ readonly key: string; readonly createRevision: number } | undefined> {
    const { kv, clock } = this.#surroundings;
    let oldest: { readonly key: string; readonly createRevision: number } | undefined;
    for await (const { key, text, createRevision } of kv.range(this.#prefix)) {
      if (Number(text) < clock.now()) await kv.delete(key);
      else if (oldest === undefined || createRevision < oldest.createRevision) oldest = { key, createRevision };
    }
    return oldest;
  }
}
