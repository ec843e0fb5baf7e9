import { WireError } from "./wire-error.ts";

/** A safe, non-negative integer as the 64-bit field that carries it. */
export function toWire(value: number): bigint {
  return BigInt(value);
}

/** Parses a 64-bit field: terms and indexes are safe integers inside. Throws a `WireError` beyond 2^53 - 1. */
export function fromWire(value: bigint, field: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new WireError(`${field} is ${value}, expected at most ${Number.MAX_SAFE_INTEGER}`);
  }
  return number;
}

/** Parses a node id: like `fromWire`, and positive. */
export function nodeIdFromWire(value: bigint, field: string): number {
  if (value < 1n) throw new WireError(`${field} is ${value}, expected a node id, which is at least 1`);
  return fromWire(value, field);
}
