import type { KeyAnswer, KeyCall } from "../models/key-value-model.ts";
import { hasChanged, type StoreAnswer, type StoreCall, type StoreEntry } from "../models/store-operation.ts";
import type { Operation } from "../operation.ts";

/** What an operation and its answer say about revisions and keys, whatever kind of store it was. */
export interface Facts {
  readonly operation: Operation<unknown, unknown>;
  /** Whether there was an answer. */
  readonly isAnswered: boolean;
  /** The revision at which it wrote, where the answer names it. */
  readonly wroteAt: number | undefined;
  /** The store's revision after it, where the answer names it. */
  readonly revision: number | undefined;
  /** What it puts; undefined: it deletes. Where it has no answer: what it would. */
  readonly writes: readonly { readonly key: string; readonly value: string | undefined }[];
  /** What it was shown of keys; undefined: there is no such key. */
  readonly saw: readonly { readonly key: string; readonly entry: SeenEntry | undefined }[];
}

export type SeenEntry = Pick<StoreEntry, "value" | "version" | "modRevision">;

/** Something that must not be, and the operations that show it. */
export interface Finding {
  /** The promise that is broken. */
  readonly promise: string;
  readonly message: string;
  readonly operations: readonly Operation<unknown, unknown>[];
}

/** Of operations on the keys of raftkv, each named by `key`. */
export function factsOfKeys(history: readonly Operation<KeyCall, KeyAnswer>[]): Facts[] {
  return history.map((operation) => {
    const { call, answer, key = "" } = operation;
    const isNothing = answer?.kind === "deleted" && !answer.deleted;
    const { kind } = call;
    return {
      operation,
      isAnswered: operation.answeredAt !== undefined,
      wroteAt: answer?.kind === "put" ? answer.revision : undefined,
      revision: undefined,
      writes: kind === "get" || isNothing ? [] : [{ key, value: kind === "put" ? call.value : undefined }],
      saw: answer?.kind === "found" || answer?.kind === "absent" ? [{ key, entry: seen(answer) }] : [],
    };
  });
}

function seen(answer: Extract<KeyAnswer, { kind: "found" | "absent" }>): SeenEntry | undefined {
  return answer.kind === "found" ? answer : undefined;
}

/** Of operations on a store with revisions. What a transaction or a range deletes is not named one by one. */
export function factsOfStore(history: readonly Operation<StoreCall, StoreAnswer>[]): Facts[] {
  return history.map((operation) => {
    const { call, answer } = operation;
    const revision = answer?.revision;
    return {
      operation,
      isAnswered: operation.answeredAt !== undefined,
      wroteAt: answer !== undefined && hasChanged(answer) ? revision : undefined,
      revision,
      writes: writesOf(call, answer),
      saw: answer === undefined ? [] : seenBy(call, answer),
    };
  });
}

function writesOf(call: StoreCall, answer: StoreAnswer | undefined): Facts["writes"] {
  switch (call.kind) {
    case "get":
    case "range":
      return [];
    case "put":
      return [{ key: call.key, value: call.value }];
    case "delete": {
      const isNothing = answer?.kind === "delete" && answer.deleted === 0;
      return isNothing ? [] : [{ key: call.key, value: undefined }];
    }
    case "compareAndSwap": {
      const isNothing = answer?.kind === "compareAndSwap" && !answer.swapped;
      return isNothing ? [] : [{ key: call.key, value: call.value }];
    }
    case "transaction": {
      if (answer?.kind !== "transaction")
        return [...call.then, ...call.else].flatMap((each) => writesOf(each, undefined));
      const done = answer.succeeded ? call.then : call.else;
      return done.flatMap((each, place) => writesOf(each, answer.answers[place]));
    }
  }
}

function seenBy(call: StoreCall, answer: StoreAnswer): Facts["saw"] {
  if (call.kind === "get" && answer.kind === "get") return [{ key: call.key, entry: answer.entry ?? undefined }];
  if (answer.kind === "range") return answer.entries.map((entry) => ({ key: entry.key, entry }));
  if (call.kind !== "transaction" || answer.kind !== "transaction") return [];
  const done = answer.succeeded ? call.then : call.else;
  // What a transaction that writes has seen may be its own.
  if (hasChanged(answer)) return [];
  return done.flatMap((each, place) => {
    const given = answer.answers[place];
    return given === undefined ? [] : seenBy(each, given);
  });
}
