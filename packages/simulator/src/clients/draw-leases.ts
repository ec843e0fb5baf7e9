import {
  type LeasedComparison,
  type LeasedPut,
  ownLeaseId,
  type PutLease,
} from "../history/models/leased-operation.ts";
import type { Chance } from "../scheduler/chance.ts";

/** What leases there are to draw from. */
export interface LeaseSource {
  /** The id of one that was granted lately; it may be over. */
  readonly someId: (chance: Chance) => number;
  /** Leases live for so long at the most. */
  readonly longestTtlMs: number;
}

/** The shortest that there may be. */
const shortestTtlMs = 100;

/** With what is known of the keys that somebody writes. */
export interface KnownLeases extends LeaseSource {
  /** The lease that the key went with as it was last seen; undefined: it has not been seen. */
  readonly lastSeen: (key: string) => number | undefined;
}

export function drawTtlMs(chance: Chance, longestTtlMs: number): number {
  return Math.round(chance.spread(shortestTtlMs, Math.max(longestTtlMs, shortestTtlMs + 1)));
}

/** A put of any kind; few ask for what the key has, since of a key that is not there they are refused. */
export function drawLeasedPut(chance: Chance, leases: LeaseSource, key: string, value: string): LeasedPut {
  return { kind: "put", key, value: chance.happens(0.15) ? undefined : value, lease: drawLease(chance, leases) };
}

export function drawLease(chance: Chance, { someId, longestTtlMs }: LeaseSource): PutLease | undefined {
  const draw = chance.next();
  if (draw < 0.3) return { id: someId(chance) };
  if (draw < 0.6) return { ttlMs: drawTtlMs(chance, longestTtlMs) };
  return draw < 0.7 ? "kept" : undefined;
}

/** Whether the key goes with the lease that it was seen with, with none, or with an older or a younger one. */
export function drawLeaseComparison(chance: Chance, leases: KnownLeases, key: string): LeasedComparison {
  const is = chance.pick(["=", "!=", "<", ">"] as const) ?? "=";
  const [draw, seen, some] = [chance.next(), leases.lastSeen(key), leases.someId(chance)];
  // What a lease of a key's own is called, only the store knows.
  const isNamed = seen !== undefined && seen < ownLeaseId;
  if (draw < 0.2) return { key, target: "leaseId", is, to: 0 };
  return { key, target: "leaseId", is, to: isNamed && draw < 0.7 ? seen : some };
}
