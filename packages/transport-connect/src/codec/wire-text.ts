import { WireError } from "./wire-error.ts";

/** Ids of clusters and members are kept and compared: what is longer than any of ours is none. */
const maxIdLength = 256;

/** Parses the id of a cluster or a member. Throws a `WireError` beyond 256 characters. */
export function idFromWire(text: string, field: string): string {
  if (text.length <= maxIdLength) return text;
  throw new WireError(`${field} has ${text.length} characters, expected at most ${maxIdLength}`);
}
