import type { StoreAnswer, StoreCall, StoreComparison, StoreTransaction } from "./store-operation.ts";

/** How long the key of a put lives. Keys of puts that say nothing of it live for ever. */
export type PutLease =
  /** As long as that lease. */
  | { readonly id: number }
  /** For so long, by a lease of its own. */
  | { readonly ttlMs: number }
  /** As long as before. */
  | "kept";

export interface LeasedPut {
  readonly kind: "put";
  readonly key: string;
  /** Undefined: the key keeps the one that it has. */
  readonly value: string | undefined;
  readonly lease?: PutLease | undefined;
}

/** Compares the lease that a key goes with too: 0 where there is none, `ownLeaseId` where it is one of its own. */
export type LeasedComparison = Omit<StoreComparison, "target"> & {
  readonly target: StoreComparison["target"] | "leaseId";
};

export interface LeasedTransaction {
  readonly kind: "transaction";
  readonly compare: readonly LeasedComparison[];
  readonly then: readonly LeasedCall[];
  readonly else: readonly LeasedCall[];
}

/** What can be asked of a store whose keys go with leases. */
export type LeasedCall =
  | Exclude<StoreCall, StoreTransaction | { readonly kind: "put" }>
  | LeasedPut
  | LeasedTransaction;

/** Why nothing of a call was carried out. */
export type LeaseRefusal =
  | { readonly code: "leaseNotFound"; readonly leaseId: number }
  /** Of a key that is to keep what it has. */
  | { readonly code: "keyNotFound"; readonly key: string };

/** What leases that keys have of their own are called here, all of them: they have no names. All others come before it. */
export const ownLeaseId = 2_000_000_000_000_000;

/** What the lease is called of which a client was told this id; undefined: there is none. */
export function leaseCalled(id: number | undefined): number {
  return Math.min(id ?? 0, ownLeaseId);
}

/** All comparisons of a transaction, those of transactions within it too. */
export function comparisonsIn({ compare, then, else: otherwise }: LeasedTransaction): readonly LeasedComparison[] {
  const nested = [...then, ...otherwise].flatMap((call) => (call.kind === "transaction" ? comparisonsIn(call) : []));
  return [...compare, ...nested];
}

/** The puts of a transaction that were carried out, as its answer tells, those in transactions within it too. */
export function putsDone({ then, else: otherwise }: LeasedTransaction, answer: StoreAnswer): readonly LeasedPut[] {
  if (answer.kind !== "transaction") return [];
  return (answer.succeeded ? then : otherwise).flatMap((call, place) => {
    if (call.kind === "put") return [call];
    const told = answer.answers[place];
    return call.kind === "transaction" && told !== undefined ? putsDone(call, told) : [];
  });
}

/** The puts of a transaction, those in transactions within it too, whichever way it goes. */
export function putsIn({ then, else: otherwise }: LeasedTransaction): readonly LeasedPut[] {
  return [...then, ...otherwise].flatMap((call) => {
    if (call.kind === "put") return [call];
    return call.kind === "transaction" ? putsIn(call) : [];
  });
}
