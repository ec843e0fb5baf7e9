import { inClient, inServer, type PutBackBug } from "./put-back-bug.ts";

const asOne = "a transaction is carried out as one";
const commands = "leases are what their commands make of them";
const inTime = "a lease ends when it should";
const seen = ["a read shows one revision", "a watch tells everything once"];

/** Bugs of leases in transactions, and of puts that keep what their keys have. */
export const leasedWrites: readonly PutBackBug[] = [
  {
    name: "a lease that only the first key of a transaction goes with",
    row: undefined,
    patches: [
      inServer(
        "state/writes",
        "nextRecord(superseded, revision, this.#writes.length, value.length, leaseId)",
        "nextRecord(superseded, revision, this.#writes.length, value.length, this.#writes.length > 0 ? 0 : leaseId)",
      ),
    ],
    firstSeed: 17,
    noticedBy: [asOne, commands, ...seen],
  },
  {
    name: "a comparison of leases that asks only whether there is one",
    row: undefined,
    firstSeed: 68,
    patches: [
      inServer(
        "state/operations/compare",
        "return isSo(relation, (record?.[target.kind] ?? 0) - target.number);",
        'const most = target.kind === "leaseId" ? 1 : Infinity;\n    return isSo(relation, Math.min(most, record?.[target.kind] ?? 0) - Math.min(most, target.number));',
      ),
    ],
    noticedBy: [asOne, commands],
  },
  {
    name: "a value that is to be kept, and becomes empty",
    row: undefined,
    patches: [inServer("state/operations/put", "options?.keepValue ? present.value(id) : value", "value")],
    firstSeed: 12,
    noticedBy: [asOne, ...seen],
  },
  {
    name: "a transaction that leaves what it had put when it is refused",
    row: undefined,
    patches: [
      inServer(
        "state/operations/transaction",
        'if (answer.kind === "refused")\n        writes.rollBack();',
        'if (answer.kind === "refused")\n        writes.commit();',
      ),
    ],
    firstSeed: 17,
    noticedBy: [asOne, commands, "a fence holds", ...seen],
  },
  {
    name: "a time to live that is half as long in a transaction",
    row: undefined,
    patches: [
      inServer(
        "state/writes",
        "addChange(this.#state, change, ttlMs);",
        "addChange(this.#state, change, this.#writes.length > 1 ? Math.ceil(ttlMs / 2) : ttlMs);",
      ),
    ],
    firstSeed: 17,
    noticedBy: [commands],
  },
  {
    name: "a client that leaves the lease out of a step",
    row: undefined,
    patches: [inClient("transaction/step", "...putLeaseFields(options),", "...putLeaseFields({}),")],
    firstSeed: 12,
    noticedBy: [asOne],
  },
  {
    name: "a client that calls a lease over where a key is missing",
    row: undefined,
    patches: [inClient("refusal", 'code: "KEY_NOT_FOUND"', 'code: "LEASE_NOT_FOUND"')],
    firstSeed: 17,
    noticedBy: [asOne, inTime],
  },
];
