import { step } from "../transaction/index.ts";
import { Step, type StepOptions } from "../transaction/step.ts";
import type { EntryFormat } from "./entry-format.ts";
import { TypedEntry } from "./typed-entry.ts";
import { storedBounds, type TypedBounds, type TypedRangeOptions } from "./typed-range.ts";
import {
  type TypedDeleteRangeResult,
  type TypedDeleteResult,
  type TypedPutResult,
  typedDeleteRangeResult,
  withTypedPrevious,
} from "./typed-results.ts";

type PutStepOptions = NonNullable<Parameters<typeof step.put>[2]>;

export interface TypedRangeStepOptions<Key, Prefix>
  extends TypedBounds<Key, Prefix>,
    Pick<
      TypedRangeOptions,
      | "limit"
      | "sortBy"
      | "descending"
      | "minModRevision"
      | "maxModRevision"
      | "minCreateRevision"
      | "maxCreateRevision"
    > {}

/** As `RangeStepResult`. */
export interface TypedRangeStepResult<Value, Key = string> {
  readonly entries: readonly TypedEntry<Value, Key>[];
  readonly more: boolean;
  readonly count: number;
}

/** What a transaction can do, with keys and values of their types: as `step`. Each throws INVALID_ARGUMENT. */
export class TypedSteps<Value, Input, Key, Prefix> {
  readonly #format: EntryFormat<Value, Input, Key, Prefix>;

  constructor(format: EntryFormat<Value, Input, Key, Prefix>) {
    this.#format = format;
  }

  put(
    key: Key,
    value: undefined,
    options: PutStepOptions & { readonly keepValue: true },
  ): Step<TypedPutResult<Value, Key>>;
  put(
    key: Key,
    value: Input,
    options?: PutStepOptions & { readonly keepValue?: false },
  ): Step<TypedPutResult<Value, Key>>;
  put(key: Key, value: Input | undefined, options: PutStepOptions = {}): Step<TypedPutResult<Value, Key>> {
    const stored = this.#format.encodeKey(key);
    const put = step.put(stored, this.#format.encodeGiven(stored, value, options), options);
    return told(put, (result) => withTypedPrevious(result, this.#format));
  }

  delete(key: Key, options: StepOptions = {}): Step<TypedDeleteResult<Value, Key>> {
    const one = step.delete(this.#format.encodeKey(key), options);
    return told(one, (result) => withTypedPrevious(result, this.#format));
  }

  deleteRange(range: TypedBounds<Key, Prefix>, options: StepOptions = {}): Step<TypedDeleteRangeResult<Value, Key>> {
    const many = step.deleteRange(storedBounds(range, this.#format), options);
    return told(many, (result) => typedDeleteRangeResult(result, this.#format));
  }

  get(key: Key): Step<TypedEntry<Value, Key> | undefined> {
    return told(step.get(this.#format.encodeKey(key)), (entry) =>
      entry === undefined ? undefined : new TypedEntry(entry, this.#format),
    );
  }

  range(options: TypedRangeStepOptions<Key, Prefix>): Step<TypedRangeStepResult<Value, Key>> {
    const { prefix, from, to, all, ...rest } = options;
    const range = step.range({ ...rest, ...storedBounds(options, this.#format) });
    return told(range, (result) => ({
      ...result,
      entries: result.entries.map((entry) => new TypedEntry(entry, this.#format)),
    }));
  }
}

/** The same step, its result told otherwise. */
function told<From, To>(from: Step<From>, change: (result: From) => To): Step<To> {
  return new Step(from.wire, (answer) => {
    const found = from.toResult(answer);
    return found === undefined ? undefined : { result: change(found.result) };
  });
}
