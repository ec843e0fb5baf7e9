/** Somebody was told that a lease lives for `ttlMs` from then on: by its grant, a renewal, or a put with a time to live. */
export interface LeasePromise {
  readonly client: string;
  /** Before the request was sent: a client counts from here. */
  readonly calledAt: number;
  readonly answeredAt: number;
  readonly ttlMs: number;
}

/** Somebody was told that the lease is over: it could not be renewed, or no key put with it. */
export interface LeaseRefusal {
  readonly client: string;
  readonly calledAt: number;
  readonly answeredAt: number;
}

/** What a read has shown of it. */
export interface LeaseSeen {
  readonly client: string;
  readonly calledAt: number;
  readonly answeredAt: number;
  /** Undefined: it has ended. */
  readonly leftMs: number | undefined;
  /** As much time was left at the most, where that is known. */
  readonly mostLeftMs?: number | undefined;
  /** The read has to show whatever was so when it was called; else it may be from any earlier moment. */
  readonly isStrong: boolean;
}

/** One lease, from its grant to its end; or a key with a time to live of its own. An id is granted once. */
export interface LeaseRecord {
  readonly name: string;
  readonly promises: readonly LeasePromise[];
  readonly refusals: readonly LeaseRefusal[];
  readonly seen: readonly LeaseSeen[];
  /** Undefined: it lives as far as is known. `at`: by then it had ended; `from`: sooner it cannot have; `at`, if left out. */
  readonly ended: { readonly from?: number; readonly at: number; readonly how: "expired" | "revoked" } | undefined;
}
