import type { Operation } from "../operation.ts";
import type { StoreAnswer, StoreCall, StoreEntry } from "./store-operation.ts";
import type { Performed } from "./store-semantics.ts";

/** What an answer says of a key at a revision. */
interface Claim {
  readonly at: number;
  /** Undefined: there is no such key. */
  readonly entry: Pick<StoreEntry, "value" | "modRevision"> | undefined;
}

/**
 * All that the answers of a history say about keys at revisions. Whatever explains the history agrees with them, so that a
 * write without an answer at a revision at which it cannot have been need not be tried.
 */
export class StoreClaims {
  readonly #ofKey = new Map<string, Claim[]>();
  /** The revisions of values that one call only puts. */
  readonly #revisionOf = new Map<string, number>();
  readonly #seen = new Set<string>();
  /** Values that somebody compares with, or orders by. */
  readonly #compared = new Set<string | number | null>();

  constructor(history: readonly Operation<StoreCall, StoreAnswer>[]) {
    const puts = new Map<string, number>();
    for (const { call, answer, answeredAt } of history) {
      for (const value of comparedIn(call)) this.#compared.add(value);
      for (const put of putsIn(call)) puts.set(put, (puts.get(put) ?? 0) + 1);
      if (answer === undefined) continue;
      for (const { key, value } of entriesIn(answer)) this.#seen.add(nameOf(key, value));
      if (answeredAt !== undefined) this.#claim(call, answer);
    }
    for (const claims of this.#ofKey.values()) claims.sort((a, b) => a.at - b.at);
    for (const name of this.#revisionOf.keys()) if (puts.get(name) !== 1) this.#revisionOf.delete(name);
  }

  /** Whether the answers leave room for such a change. */
  allow({ entries, changed }: Performed): boolean {
    for (const [key, revision] of changed) {
      const entry = entries.get(key);
      const known = entry === undefined ? undefined : this.#revisionOf.get(nameOf(key, entry.value));
      if (known !== undefined && known !== revision) return false;
      const next = this.#next(key, revision);
      if (next === undefined) continue;
      // What the next answer shows as older than this change cannot have been changed; nor what it shows as of this one.
      const isOlder = next.entry !== undefined && next.entry.modRevision < revision;
      const isThis = next.at === revision || next.entry?.modRevision === revision;
      if (isOlder || (isThis && next.entry?.value !== entry?.value)) return false;
    }
    return true;
  }

  /** Nobody is ever shown that value of the key, and nothing depends on it. */
  isUnseen(key: string, value: string): boolean {
    return !this.#seen.has(nameOf(key, value)) && !this.#compared.has(value);
  }

  /** The first that is about the key at `revision` or later. */
  #next(key: string, revision: number): Claim | undefined {
    const claims = this.#ofKey.get(key) ?? [];
    let low = 0;
    let high = claims.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((claims[middle]?.at ?? 0) < revision) low = middle + 1;
      else high = middle;
    }
    return claims[low];
  }

  #claim(call: StoreCall, answer: StoreAnswer): void {
    const { revision } = answer;
    if (call.kind === "put" && revision !== undefined) {
      this.#add(call.key, { at: revision, entry: { value: call.value, modRevision: revision } });
    } else if (call.kind === "get" && answer.kind === "get") {
      const at = revision ?? answer.entry?.modRevision;
      if (at !== undefined) this.#add(call.key, { at, entry: answer.entry ?? undefined });
    } else if (answer.kind === "range") {
      for (const entry of answer.entries) this.#add(entry.key, { at: revision ?? entry.modRevision, entry });
    }
  }

  #add(key: string, claim: Claim): void {
    const claims = this.#ofKey.get(key) ?? [];
    this.#ofKey.set(key, claims);
    claims.push(claim);
    if (claim.entry !== undefined) this.#revisionOf.set(nameOf(key, claim.entry.value), claim.entry.modRevision);
  }
}

function putsIn(call: StoreCall): readonly string[] {
  if (call.kind === "put" || call.kind === "compareAndSwap") return [nameOf(call.key, call.value)];
  return call.kind === "transaction" ? [...call.then, ...call.else].flatMap(putsIn) : [];
}

function entriesIn(answer: StoreAnswer): readonly StoreEntry[] {
  if (answer.kind === "get") return answer.entry === null ? [] : [answer.entry];
  if (answer.kind === "range") return answer.entries;
  return answer.kind === "transaction" ? answer.answers.flatMap(entriesIn) : [];
}

function comparedIn(call: StoreCall): readonly (string | number | null)[] {
  if (call.kind === "compareAndSwap") return [call.expected];
  if (call.kind !== "transaction") return [];
  return [...call.compare.map(({ to }) => to), ...[...call.then, ...call.else].flatMap(comparedIn)];
}

function nameOf(key: string, value: string): string {
  return JSON.stringify([key, value]);
}
