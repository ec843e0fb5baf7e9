import { inClient, inServer, nodesStop, type PutBackBug } from "./put-back-bug.ts";

const oneRevision = "a read shows one revision";

const noDifference = "a check of the state finds no difference where there is none";

/** Bugs of what is kept of the past, of how it is read, and of what reads promise. */
export const history: readonly PutBackBug[] = [
  {
    name: "a read of the past that sees a later write",
    row: undefined,
    patches: [
      inServer("state/generations", "if (change.revision <= revision)", "if (change.revision <= revision + 1)"),
    ],
    firstSeed: 17,
    noticedBy: [oneRevision, "reads show what they must"],
  },
  {
    name: "a read of the past that misses what only the engine knows",
    row: undefined,
    patches: [inServer("state/kv-reader", "await pastRecord(store, plan.key, plan.at)", "undefined")],
    noticedBy: [oneRevision],
  },
  {
    name: "a compaction that removes one version too many",
    row: undefined,
    patches: [
      inServer("state/scavenger", "const end = valueRowKey(to + 1, 0);", "const end = valueRowKey(to + 2, 0);"),
    ],
    firstSeed: 12,
    noticedBy: [oneRevision, "reads show what they must", nodesStop, noDifference],
  },
  {
    name: "a read of what is compacted that is answered",
    row: undefined,
    patches: [
      inServer("state/kv-reader", "if (at !== undefined && at < earliestRevision(counters))", "if (false)"),
      inServer(
        "state/kv-reader",
        "return plan.at !== undefined && plan.at < earliestRevision(counters);",
        "return false;",
      ),
    ],
    noticedBy: [oneRevision, "reads show what they must"],
  },
  {
    name: "a history without what is about to be merged",
    row: undefined,
    firstSeed: 44,
    patches: [
      inServer(
        "state/key-history",
        "for (const table of [generations.active, generations.frozen])",
        "for (const table of [generations.active])",
      ),
    ],
    noticedBy: [oneRevision],
  },
  {
    name: "a bound on how stale a read may be that nobody looks at",
    row: undefined,
    patches: [
      inServer(
        "services/read-path",
        'if (level !== "local" || consensus.stalenessMs() > maxStalenessMs)',
        'if (level !== "local")',
      ),
    ],
    noticedBy: [oneRevision],
  },
  {
    name: "a range whose pages are from different revisions",
    row: undefined,
    patches: [inClient("range", "atRevision = page.revision;", "atRevision = plan.atRevision;")],
    firstSeed: 108,
    noticedBy: [oneRevision],
  },
];
