import type { KeyId } from "../../state/key-id.ts";
import type { KeyRange } from "./range-index.ts";

/** What a watch wants to be told. */
export interface Interest extends KeyRange {
  readonly withoutPuts: boolean;
  readonly withoutDeletes: boolean;
  readonly withPrevious: boolean;
}

/** Two watches of the same interest are told the same. */
export function interestId(interest: Interest): string {
  const { from, to, withoutPuts, withoutDeletes, withPrevious } = interest;
  return JSON.stringify([from, to ?? null, withoutPuts, withoutDeletes, withPrevious]);
}

/** The only key that it is about; undefined: it is about more than one. */
export function onlyKey({ from, to }: KeyRange): KeyId | undefined {
  return to === `${from}\0` ? from : undefined;
}

export function wants({ withoutPuts, withoutDeletes }: Interest, deleted: boolean): boolean {
  return deleted ? !withoutDeletes : !withoutPuts;
}
