/** What is known of a key besides its value: the content of its index row. */
export interface KeyRecord {
  /** The revision at which the key was created, since it last did not exist. */
  readonly createRevision: number;
  /** The revision of the last write; with `sub` it names the value row. */
  readonly modRevision: number;
  /** Tells writes of one revision apart; 0 where a revision is a single write. */
  readonly sub: number;
  /** Counts the writes since the key was created, from 1. */
  readonly version: number;
  readonly valueLength: number;
  /** The lease that the key goes with; 0: none. */
  readonly leaseId: number;
}

/** A key as a read answers it. */
export interface KeyEntry {
  readonly key: Uint8Array;
  /** Empty where only keys were asked for. */
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** 0: none. */
  readonly leaseId: number;
}

export function keyEntry(key: Uint8Array, record: KeyRecord, value: Uint8Array): KeyEntry {
  const { createRevision, modRevision, version, leaseId } = record;
  return { key, value, createRevision, modRevision, version, leaseId };
}
