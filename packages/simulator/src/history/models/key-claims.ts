import type { Operation } from "../operation.ts";
import type { KeyAnswer, KeyCall } from "./key-value-model.ts";

/** What the answers of a history say about the puts to its key, wherever these took effect. */
export class KeyClaims {
  /** The versions of values that one call only puts; undefined: shown with several, which nothing explains. */
  readonly #versionOf = new Map<string, number | undefined>();
  readonly #seen = new Set<string>();
  #highestVersion = 0;

  constructor(history: readonly Operation<KeyCall, KeyAnswer>[]) {
    const puts = new Map<string, number>();
    for (const { call, answer } of history) {
      if (call.kind === "put") puts.set(call.value, (puts.get(call.value) ?? 0) + 1);
      if (answer?.kind !== "found") continue;
      const { value, version } = answer;
      const isOther = this.#seen.has(value) && this.#versionOf.get(value) !== version;
      this.#versionOf.set(value, isOther ? undefined : version);
      this.#seen.add(value);
      this.#highestVersion = Math.max(this.#highestVersion, version);
    }
    for (const [value, count] of puts) if (count > 1) this.#versionOf.delete(value);
  }

  /** Whether the answers leave room for a put of that value that makes this version. */
  allow(value: string, version: number): boolean {
    const known = this.#versionOf.get(value);
    return known === undefined || known === version;
  }

  /** Nobody is ever shown such a version: a put that makes it, and that nobody was told of, may as well not happen. */
  isBeyond(version: number): boolean {
    return version > this.#highestVersion;
  }

  /** Nobody is ever shown that value. */
  isUnseen(value: string): boolean {
    return !this.#seen.has(value);
  }
}
