import { invalidArgument } from "./error.ts";

/** Throws INVALID_ARGUMENT unless `value` is a whole number from `least` to `most`. */
export function count(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalidArgument(`${name} is ${value}: expected a whole number from ${least} to ${most}`);
}
