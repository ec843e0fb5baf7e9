import { RaftKvError } from "./error.ts";

/** A 64-bit number of the wire as a JavaScript number. Throws INTERNAL above 2^53 - 1, which no counter here reaches. */
export function safeInteger(wire: bigint, name: string): number {
  const value = Number(wire);
  if (!Number.isSafeInteger(value)) throw new RaftKvError("INTERNAL", `the ${name} ${wire} is above 2^53 - 1`);
  return value;
}
