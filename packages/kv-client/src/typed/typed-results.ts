import type { KeyValue } from "../key-value.ts";
import type { DeleteRangeResult, DeleteResult, PutResult } from "../write-results.ts";
import { type EntryReader, TypedEntry } from "./typed-entry.ts";

interface Previous<Value, Key> {
  /** What the key was before: where that was asked for, and the key existed. */
  readonly previous?: TypedEntry<Value, Key>;
}

export type TypedPutResult<Value, Key = string> = Omit<PutResult, "previous"> & Previous<Value, Key>;

export type TypedDeleteResult<Value, Key = string> = Omit<DeleteResult, "previous"> & Previous<Value, Key>;

export type TypedDeleteRangeResult<Value, Key = string> = Omit<DeleteRangeResult, "previous"> & {
  /** What they were, in the order of the stored keys; empty unless that was asked for. */
  readonly previous: readonly TypedEntry<Value, Key>[];
};

export function withTypedPrevious<Result extends { readonly previous?: KeyValue }, Value, Key>(
  { previous, ...result }: Result,
  format: EntryReader<Value, Key>,
): Omit<Result, "previous"> & Previous<Value, Key> {
  return previous === undefined ? result : { ...result, previous: new TypedEntry(previous, format) };
}

export function typedDeleteRangeResult<Value, Key>(
  result: DeleteRangeResult,
  format: EntryReader<Value, Key>,
): TypedDeleteRangeResult<Value, Key> {
  return { ...result, previous: result.previous.map((entry) => new TypedEntry(entry, format)) };
}
