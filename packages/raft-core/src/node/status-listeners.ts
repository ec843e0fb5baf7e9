import type { ConsensusStatus } from "./consensus.ts";
import type { Logger } from "./logger.ts";

type StatusListener = (status: ConsensusStatus) => void;

/** Whoever wants to know of changes. What a listener throws is its own affair, and logged. */
export class StatusListeners {
  readonly #logger: Logger;
  readonly #listeners = new Set<{ readonly listener: StatusListener }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Returns what ends the subscription. */
  add(listener: StatusListener): () => void {
    const subscription = { listener };
    this.#listeners.add(subscription);
    return () => {
      this.#listeners.delete(subscription);
    };
  }

  notify(status: ConsensusStatus): void {
    for (const { listener } of [...this.#listeners]) {
      try {
        listener(status);
      } catch (error) {
        this.#logger.error("a listener to changes of consensus threw", { error });
      }
    }
  }
}
