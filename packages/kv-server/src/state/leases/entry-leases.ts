import type { EntryContent, Operation, TransactionStep } from "../command.ts";
import type { Present } from "../present.ts";
import { LEASE_BOUNDS } from "./lease-bounds.ts";
import {
  type KnownLeases,
  LeaseKeysPrefetch,
  type LeaseSource,
  learnDueLeases,
  learnLeases,
} from "./lease-prefetch.ts";

interface EntrySource extends LeaseSource {
  readonly clusterTimeMs: number;
}

type CommandContent = Extract<EntryContent, { kind: "command" }>;

/** Adds the leases that the entries name, and those that the keys go with which they may write. */
export async function learnLeasesOf(
  known: KnownLeases,
  contents: readonly (EntryContent | undefined)[],
  present: Present,
  source: EntrySource,
): Promise<void> {
  if (source.leases.counters.granted + source.leases.counters.own === 0) return;
  const ids = new Set<number>(present.leaseIds());
  for (const content of contents) {
    if (content?.kind !== "command") continue;
    for (const operation of content.command.operations) {
      for (const id of leasesNamedBy(operation)) ids.add(id);
    }
  }
  await learnLeases(known, ids, source);
}

function leasesNamedBy(operation: Operation | TransactionStep): readonly number[] {
  switch (operation.kind) {
    case "put":
      return operation.options?.lease === undefined ? NONE : [operation.options.lease.leaseId];
    case "grantLease":
    case "keepLeaseAlive":
    case "revokeLease":
      return [operation.leaseId];
    case "fenced":
      return leasesNamedBy(operation.operation);
    case "transaction":
      return [...operation.then, ...operation.otherwise].flatMap(leasesNamedBy);
    default:
      return NONE;
  }
}

const NONE: readonly number[] = [];

/** Adds the leases that end by the entry, with their keys. Returns the operations whose leases have too many beside others. */
export async function learnEndingLeases(
  known: KnownLeases,
  { command, clusterTimeMs }: CommandContent,
  source: EntrySource,
): Promise<readonly Operation[]> {
  const { operations, sessionId } = command;
  if (sessionId === 0 && operations.length === 1 && operations[0]?.kind === "expireLeases") {
    await learnDueLeases(known, Math.max(clusterTimeMs, source.clusterTimeMs), source);
    return [];
  }
  const ids = operations.flatMap((operation) => (operation.kind === "revokeLease" ? [operation.leaseId] : []));
  await learnLeases(known, ids, source);
  const keys = new LeaseKeysPrefetch(known, source, LEASE_BOUNDS.keysPerEntry);
  const excess: Operation[] = [];
  for (const operation of operations) {
    const lease = operation.kind === "revokeLease" ? known.leases.get(operation.leaseId) : undefined;
    if (lease !== undefined && !keys.take(lease)) excess.push(operation);
  }
  await keys.fetch();
  return excess;
}
