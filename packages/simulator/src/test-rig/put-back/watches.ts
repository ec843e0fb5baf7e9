import { inClient, inServer, type PutBackBug } from "./put-back-bug.ts";

const everythingOnce = "a watch tells everything once";

/** Bugs of watches: of what nodes tell, and of how clients go on elsewhere. */
export const watches: readonly PutBackBug[] = [
  {
    name: "a watch that knows nothing of a snapshot that took the state's place",
    row: 25,
    patches: [
      inServer(
        "services/watch/live-feed",
        "replaced(revision) {\n        this.#leaveToHistory(revision);",
        "replaced(revision) {",
      ),
    ],
    firstSeed: 17,
    noticedBy: [everythingOnce, "liveness"],
  },
  {
    name: "a watch that goes on one revision too late",
    row: 26,
    patches: [inClient("watch/watched", "BigInt(this.#through + 1)", "BigInt(this.#through + 2)")],
    noticedBy: [everythingOnce],
  },
  {
    name: "events that were told before, or come before what was asked for",
    row: 28,
    patches: [
      inServer("services/watch/watch", "while (isBefore(this.#next, piece.next))", "for (let at = 0; at < 1; at++)"),
      inServer("services/watch/told-events", "first === undefined || !isBefore(first, from)", "true"),
      inServer("services/watch/live-feed", "if (watch.told >= through)\n                    continue;", ""),
      inClient("watch/watched", "if (this.#through !== undefined && revision <= this.#through)", "if (false)"),
    ],
    noticedBy: [everythingOnce],
  },
  {
    name: "a mark of progress that is ahead of the events",
    row: 29,
    patches: [inServer("services/watch/told-events", "isCut ? startOf(last.revision + 1) : next", "next")],
    noticedBy: [everythingOnce],
  },
  {
    name: "a mark of progress that counts for a watch which the node has not heard of",
    row: undefined,
    patches: [inClient("watch/watched", "if (!this.#isServed || ", "if (")],
    scenario: "a mark while a watch is on its way",
    noticedBy: [everythingOnce],
  },
  {
    name: "a deletion that is lost at compaction",
    row: 27,
    patches: [inServer("state/scavenger", "if (deleted && revision < to)", "if (deleted && revision <= to)")],
    scenario: "a deletion that history begins with",
    noticedBy: [everythingOnce],
  },
  {
    name: "an event that is told again by the next node",
    row: 30,
    patches: [
      inClient("watch/watched", "BigInt(this.#through + 1)", "BigInt(Math.max(1, this.#through))"),
      inClient("watch/watched", "if (this.#through !== undefined && revision <= this.#through)", "if (false)"),
    ],
    noticedBy: [everythingOnce],
  },
];
