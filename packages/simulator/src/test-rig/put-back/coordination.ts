import { inClient, inServer, nodesStop, type PutBackBug } from "./put-back-bug.ts";

const commands = "leases are what their commands make of them";
const inTime = "a lease ends when it should";
const fence = "a fence holds";
const ownLock = "a lock is one's own";
const seen = ["a read shows one revision", "a watch tells everything once"];

/** Bugs of leases of the store, of locks, and of fences. */
export const coordination: readonly PutBackBug[] = [
  {
    name: "leases that are over as soon as another leads",
    row: undefined,
    firstSeed: 22,
    patches: [
      inServer(
        "state/cluster-clock",
        "clusterMs: appliedMs, atMs: this.#clock.now() };",
        "clusterMs: appliedMs, atMs: 0 };",
      ),
    ],
    noticedBy: [inTime, ownLock],
  },
  {
    name: "a lease that ends a moment before its time",
    row: undefined,
    firstSeed: 66,
    patches: [
      inServer(
        "state/leases/lease-prefetch",
        "leaseDeadlineRowKey(nowMs + 1, 0)",
        "leaseDeadlineRowKey(nowMs + 20, 0)",
      ),
    ],
    noticedBy: [commands, inTime, ownLock],
  },
  {
    name: "a lease that lives for less than was promised, by any clock",
    row: undefined,
    patches: [inServer("state/leases/lease", "return nowMs + ttlMs + 1;", "return nowMs + Math.floor(ttlMs / 4);")],
    noticedBy: [commands, inTime, ownLock],
  },
  {
    name: "a keep-alive that is answered and does not count",
    row: undefined,
    patches: [inServer("state/operations/keep-lease-alive", "leases.renew(lease, counters.clusterTimeMs);", "")],
    noticedBy: [commands, inTime, ownLock],
  },
  {
    name: "a renewal that succeeds after the lease is over",
    row: 32,
    firstSeed: 87,
    patches: [inServer("state/operations/keep-lease-alive", " || !isAlive(lease, counters.clusterTimeMs)", "")],
    noticedBy: [commands, inTime, ownLock],
  },
  {
    name: "a time left that begins again with each question",
    row: 33,
    patches: [inServer("state/leases/lease-reads", "Math.max(0, deadlineMs - 1 - nowMs)", "ttlMs")],
    firstSeed: 12,
    noticedBy: [inTime, ownLock],
  },
  {
    name: "a leader that does not know of leases from before it led",
    row: undefined,
    patches: [
      inServer(
        "services/lease-expiry",
        "(await state.firstLeaseDeadlineMs()) ?? Number.POSITIVE_INFINITY",
        "Number.POSITIVE_INFINITY",
      ),
    ],
    noticedBy: ["liveness"],
  },
  {
    name: "a revocation that forgets the keys",
    row: undefined,
    patches: [
      inServer(
        "state/operations/revoke-lease",
        "const deleted = endLease(state, lease);",
        "leases.end(lease);\n    const deleted = 0;",
      ),
    ],
    noticedBy: [commands, nodesStop],
  },
  {
    name: "keys of a lease that stay wherever they have been merged",
    row: undefined,
    patches: [
      inServer(
        "state/leases/end-lease",
        "for (const id of ids)",
        "for (const id of ids)\n        if (state.generations.active.get(id) !== undefined)",
      ),
    ],
    noticedBy: ["State Machine Safety", "equal states", commands, nodesStop, "liveness"],
  },
  {
    name: "a key that has left its lease, and goes with it all the same",
    row: undefined,
    firstSeed: 124,
    patches: [
      inServer("state/leases/lease-table", "this.#set(leaseKeyRowKey(lease.id, key), undefined);", ""),
      inServer("state/leases/lease-table", "this.#keys.get(lease.id)?.ids.delete(keyId(key));", ""),
    ],
    noticedBy: [commands, nodesStop],
  },
  {
    name: "a client that counts a renewal from when the answer came",
    row: undefined,
    firstSeed: 152,
    patches: [
      inClient(
        "leases/lease-keeper",
        "kept.validUntilMs = Math.max(kept.validUntilMs, sentAtMs + kept.ttlMs);",
        "kept.validUntilMs = Math.max(kept.validUntilMs, this.#nowMs + kept.ttlMs);",
      ),
    ],
    noticedBy: [inTime, ownLock],
  },
  {
    name: "a fence that nobody looks at",
    row: 50,
    patches: [
      inServer("state/operations/operate", "return holds(fence, state.present) ?", "return fence !== undefined ?"),
    ],
    noticedBy: [fence, ownLock],
  },
  {
    name: "a fence that nobody looks at in a transaction",
    row: 50,
    patches: [
      inServer(
        "state/operations/operate",
        "return holds(fence, state.present) ?",
        'return operation.kind === "transaction" || holds(fence, state.present) ?',
      ),
    ],
    noticedBy: [fence, ownLock],
  },
  {
    name: "a fence that is compared with the version",
    row: 50,
    patches: [inServer("state/operations/fence", "?.createRevision === token", "?.version === token")],
    noticedBy: [fence, ownLock],
  },
  {
    name: "a lock that is taken for one's own once the one before has gone",
    row: undefined,
    firstSeed: 148,
    patches: [
      inClient(
        "coordination/queue",
        "await deletedOneOf(calls, keys, revision, wait.signal);",
        "await deletedOneOf(calls, keys, revision, wait.signal);\n        return;",
      ),
    ],
    noticedBy: [ownLock],
  },
  {
    name: "a nested transaction that compares what the outer one has written",
    row: undefined,
    patches: [
      inServer(
        "state/operations/transaction",
        'step.kind === "transaction" ? chosenBranch(step, present) : step',
        "step",
      ),
      inServer(
        "state/operations/transaction",
        '"kind" in step ? this.#step(step)',
        '"kind" in step ? (step.kind === "transaction" ? this.transaction(chosenBranch(step, this.#state.present)) : this.#step(step))',
      ),
    ],
    noticedBy: ["a transaction is carried out as one", ...seen],
  },
  {
    name: "a comparison over a range that holds if there is a key",
    row: undefined,
    patches: [
      inServer(
        "state/operations/compare",
        "if (!comparesKey(comparison, each, present.record(each), present))",
        "if (false)",
      ),
    ],
    noticedBy: ["a transaction is carried out as one", ...seen],
  },
  {
    name: "values that are compared by their length",
    row: undefined,
    patches: [
      inServer(
        "state/operations/compare",
        "Buffer.compare(present.value(id), target.value)",
        "present.value(id).length - target.value.length",
      ),
    ],
    noticedBy: ["a transaction is carried out as one", ...seen],
  },
];
