const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * The bounds of leases. They belong to the definition of the state machine: every node must draw the same line, so they
 * are not configurable, and changing one takes a new apply version.
 */
export const LEASE_BOUNDS = {
  minTtlMs: 100,
  maxTtlMs: 30 * DAY_MS,
  /** Leases that were granted and have not ended; those that keys have of their own are bounded by the keys. */
  maxLeases: 1_000_000,
  /** Clients may choose ids from 1 up to here, exclusive; from here on the state chooses them, … */
  firstChosenId: 1_000_000_000_000_000,
  /** … and from here on those of leases that keys have of their own. */
  firstOwnId: 2_000_000_000_000_000,
  /** Leases that are over and end by one entry: the next entry waits for them, … */
  leasesPerEntry: 100,
  /** … and keys that go with several of them. */
  keysTogether: 256,
  /** Keys of one lease, or of all that are revoked by one entry, that go at once. A lease that has more loses them piece by piece. */
  keysPerEntry: 4_096,
} as const;
