import { inServer, type PutBackBug } from "./put-back-bug.ts";

const asOne = "a transaction is carried out as one";

/** Bugs of transactions and of deletions of ranges. */
export const transactions: readonly PutBackBug[] = [
  {
    name: "a transaction that goes by any of its comparisons",
    row: undefined,
    patches: [inServer("state/operations/transaction", "comparisons.every(", "comparisons.some(")],
    noticedBy: [asOne, "a read shows one revision", "a watch tells everything once"],
  },
  {
    name: "a deletion of a range that leaves its last key",
    row: undefined,
    patches: [
      inServer(
        "state/operations/delete-range",
        "[...present.idsIn(keyId(from), to && keyId(to))];",
        "[...present.idsIn(keyId(from), to && keyId(to))].slice(0, -1);",
      ),
    ],
    noticedBy: [asOne, "a read shows one revision", "a watch tells everything once"],
  },
  {
    name: "a transaction of which only the first writes are carried out",
    row: undefined,
    patches: [
      inServer(
        "state/writes",
        "for (const { change, ttlMs } of this.#writes)",
        "for (const { change, ttlMs } of this.#writes.slice(0, 2))",
      ),
    ],
    noticedBy: [asOne, "a read shows one revision", "a watch tells everything once", "nodes keep running"],
  },
];
