import type { Term } from "@raftkv/raft-core";
import type { Observation } from "../invariants/observation.ts";

/** How much of what can happen did happen in a run. */
export interface Coverage {
  /** Terms in which somebody led. */
  readonly leaders: number;
  readonly restarts: number;
  /** Writes that drop a suffix of a log. */
  readonly truncations: number;
  readonly compactions: number;
  /** Snapshots that have taken a log's place. */
  readonly snapshots: number;
  /** Snapshots that broke off and went on where they were. */
  readonly resumptions: number;
  /** Snapshots that a follower sent on the leader's behalf. */
  readonly fromFollowers: number;
  readonly messages: number;
}

export class CoverageCounter {
  readonly #leading = new Set<Term>();
  #restarts = 0;
  #truncations = 0;
  #compactions = 0;
  #snapshots = 0;
  #resumptions = 0;
  #fromFollowers = 0;
  #messages = 0;

  observe(observation: Observation): void {
    switch (observation.kind) {
      case "status":
        if (observation.status.role === "leader") this.#leading.add(observation.status.term);
        break;
      case "restored":
        this.#restarts++;
        break;
      case "durable":
        if (observation.batch.truncateFrom !== undefined) this.#truncations++;
        if (observation.batch.resetTo !== undefined) this.#snapshots++;
        break;
      case "snapshotBegins":
        if (observation.offset > 0) this.#resumptions++;
        if (observation.from !== observation.leader) this.#fromFollowers++;
        break;
      case "compacted":
        this.#compactions++;
        break;
      case "sent":
        this.#messages++;
        break;
      default:
        break;
    }
  }

  get coverage(): Coverage {
    return {
      leaders: this.#leading.size,
      restarts: this.#restarts,
      truncations: this.#truncations,
      compactions: this.#compactions,
      snapshots: this.#snapshots,
      resumptions: this.#resumptions,
      fromFollowers: this.#fromFollowers,
      messages: this.#messages,
    };
  }
}
