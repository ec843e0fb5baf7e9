import { inClient, inServer, type PutBackBug } from "./put-back-bug.ts";

/** Bugs of the real client, and of the services that it speaks to. */
export const clients: readonly PutBackBug[] = [
  {
    name: "a retry under another sequence",
    row: 47,
    patches: [
      inClient(
        "write-pipeline",
        "this.#send(batch, sessionId);\n        }\n    }\n    #sendNew",
        "batch.firstSequence = this.#session.takeSequences(batch.operations.length);\n            this.#send(batch, sessionId);\n        }\n    }\n    #sendNew",
      ),
    ],
    firstSeed: 77,
    noticedBy: ["linearizability", "a transaction is carried out as one"],
  },
  {
    name: "a write of unknown fate that is called undone",
    row: 47,
    patches: [
      inClient(
        "write-operation",
        "return this.earlierAttemptOpen || (this.batch?.inFlight ?? false);",
        "return false;",
      ),
    ],
    firstSeed: 7,
    noticedBy: ["linearizability"],
  },
  {
    name: "a client that stays with a node that is silent",
    row: undefined,
    patches: [
      inClient("stall-watch", "const now = this.#ports.clock.now();\n        if", "const now = 0;\n        if"),
    ],
    firstSeed: 14,
    noticedBy: ["liveness"],
  },
  {
    name: "a client that never leaves a node that does not lead",
    row: undefined,
    patches: [
      inClient(
        "write-pipeline",
        'this.#connection.leaveAfterAnswers(refusal.reason, refusal.leaderAddress);\n                break;\n            case "later"',
        'this.#pause.begin();\n                break;\n            case "later"',
      ),
    ],
    noticedBy: ["liveness"],
  },
  {
    name: "a node that does not wait for the revision that a read needs",
    row: undefined,
    patches: [
      inServer(
        "services/revision-waits",
        "limits } = this.#options;\n        if (state.revision() >= revision)",
        "limits } = this.#options;\n        if (revision >= 0)",
      ),
    ],
    noticedBy: ["reads show what they must", "a read shows one revision"],
  },
];
