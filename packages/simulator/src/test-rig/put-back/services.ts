import { inServer, type PutBackBug } from "./put-back-bug.ts";

const ownLock = "a lock is one's own";
const told = "a service tells what is so";
const noDifference = "a check of the state finds no difference where there is none";

/** Bugs of the services of locks and elections, and of the check of the whole state. */
export const services: readonly PutBackBug[] = [
  {
    name: "a service that calls a lock held as soon as there is a place",
    row: undefined,
    patches: [inServer("services/locks/queues", "if (before === undefined)", "if (own !== undefined)")],
    firstSeed: 12,
    noticedBy: [ownLock],
  },
  {
    name: "a turn of a service that comes once the place before has gone",
    row: undefined,
    firstSeed: 20,
    patches: [
      inServer(
        "services/locks/queues",
        "await this.#changes.changed(deletion, Number(revision), call.signal);",
        "await this.#changes.changed(deletion, Number(revision), call.signal);\n                return revision;",
      ),
    ],
    noticedBy: [ownLock],
  },
  {
    name: "an observer that is told who leads now where it should be told who did",
    row: undefined,
    firstSeed: 20,
    patches: [inServer("services/locks/leaders", "leaderOf(context, name, call, at)", "leaderOf(context, name, call)")],
    noticedBy: [told],
  },
  {
    name: "a check of the state that counts what is compacted and still there",
    row: undefined,
    firstSeed: 128,
    patches: [inServer("state/checked-rows", "if (this.#superfluous.size === 0 ||", "if (true ||")],
    noticedBy: [noDifference],
  },
  {
    name: "a comparison of whole states as of different entries",
    row: undefined,
    patches: [inServer("services/consistency-verdict", " || own.index !== other.index", "")],
    firstSeed: 16,
    noticedBy: [noDifference],
  },
];
