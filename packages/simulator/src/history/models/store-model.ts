import type { SequentialModel } from "../operation.ts";
import { StoreClaims } from "./store-claims.ts";
import { hasChanged, type StoreAnswer, type StoreCall, type StoreEntry } from "./store-operation.ts";
import { type Performed, perform, type StoreEntries } from "./store-semantics.ts";

/** A whole store: all its keys, and the one revision that each change moves by one. */
export interface StoreState {
  readonly revision: number;
  readonly entries: StoreEntries;
}

/**
 * A store with one global revision, as raftkv's and etcd's: put, get, delete, range, compare-and-swap and transactions
 * over several keys. It cannot be judged key by key, and needs every write to the store in the history. Answers that name
 * their revision keep the search short: they say in which order the operations took effect.
 */
export const storeModel: SequentialModel<StoreState, StoreCall, StoreAnswer> = storeModelFrom(1);

/** The same for a store that is empty at `revision`; raftkv and etcd begin at 1. */
export function storeModelFrom(revision: number): SequentialModel<StoreState, StoreCall, StoreAnswer> {
  const model = modelThatAllows(revision, () => true);
  return {
    ...model,
    informedBy(history) {
      const claims = new StoreClaims(history);
      return {
        ...modelThatAllows(revision, (performed) => claims.allow(performed)),
        likeness: (call) =>
          call.kind === "put" && claims.isUnseen(call.key, call.value)
            ? `put unseen ${call.key}`
            : JSON.stringify(call),
      };
    },
  };
}

function modelThatAllows(
  revision: number,
  allows: (performed: Performed) => boolean,
): SequentialModel<StoreState, StoreCall, StoreAnswer> {
  return {
    initial: { revision, entries: new Map() },
    step(state, call, answer) {
      if (answer?.revision !== undefined && answer.revision < state.revision) return undefined;
      const after = perform(state.entries, call, state.revision);
      if (answer !== undefined && !fits(answer, after.answer)) return undefined;
      if (after.entries === state.entries) return state;
      return !allows(after) ? undefined : { revision: state.revision + 1, entries: after.entries };
    },
    describe,
    show: ({ revision, entries }) => {
      const shown = [...entries.values()].slice(0, 20).map((each) => `${each.key}=${each.value}@${each.modRevision}`);
      const more = entries.size > shown.length ? ` and ${entries.size - shown.length} more` : "";
      return `revision ${revision}: ${shown.join(", ") || "empty"}${more}`;
    },
    readsOnly,
    position: (_, answer) =>
      answer.revision === undefined ? undefined : 2 * answer.revision + (hasChanged(answer) ? 0 : 1),
  };
}

/** Kept with the state, since the search comes back to the same ones. */
const descriptions = new WeakMap<StoreEntries, string>();

function describe({ revision, entries }: StoreState): string {
  let text = descriptions.get(entries);
  if (text === undefined) {
    const sorted = [...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    text = JSON.stringify(sorted.map(fieldsOf));
    descriptions.set(entries, text);
  }
  return `${revision} ${text}`;
}

function fieldsOf({ key, value, version, createRevision, modRevision }: StoreEntry): readonly unknown[] {
  return [key, value, version, createRevision, modRevision];
}

function readsOnly(call: StoreCall): boolean {
  if (call.kind === "transaction") return [...call.then, ...call.else].every(readsOnly);
  return call.kind === "get" || call.kind === "range";
}

/** Whether all that was answered is as expected. */
function fits(answered: unknown, expected: unknown): boolean {
  if (answered === undefined || Object.is(answered, expected)) return true;
  if (typeof answered !== "object" || typeof expected !== "object" || answered === null || expected === null)
    return false;
  if (Array.isArray(answered) && (!Array.isArray(expected) || answered.length !== expected.length)) return false;
  const fields = new Map(Object.entries(expected));
  return Object.entries(answered).every(([name, value]) => fits(value, fields.get(name)));
}
