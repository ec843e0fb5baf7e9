import type { Consensus } from "@raftkv/raft-core";

interface Round {
  readonly done: Promise<unknown>;
  readonly abort: AbortController;
  waiting: number;
}

/** One for all: it costs more than the round to make one. */
const nobodyWaits = new Error("nobody waits for this read index any more");

/**
 * Lets linearizable reads through. All reads that arrive in one turn of the event loop share one read index: it is
 * asked for only when the turn is over, so it was begun after each of them arrived (dissertation, section 6.4).
 */
export class ReadGate {
  readonly #consensus: Pick<Consensus, "readIndex">;
  readonly #endOfTurn: (callback: () => void) => void;
  #gathering: Round | undefined;

  constructor(consensus: Pick<Consensus, "readIndex">, endOfTurn: (callback: () => void) => void) {
    this.#consensus = consensus;
    this.#endOfTurn = endOfTurn;
  }

  /** Resolves once a read from the local state is linearizable. Rejects with the signal's reason, or as `readIndex`. */
  async pass(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const round = this.#gathering ?? this.#gather();
    round.waiting++;
    try {
      await orAborted(round.done, signal);
    } finally {
      round.waiting--;
      if (round.waiting === 0) this.#abandon(round);
    }
  }

  #gather(): Round {
    const abort = new AbortController();
    const done = new Promise<void>((resolve) => this.#endOfTurn(resolve)).then(() => {
      if (this.#gathering === round) this.#gathering = undefined;
      abort.signal.throwIfAborted();
      return this.#consensus.readIndex(abort.signal);
    });
    // Whoever still waits hears of a failure; a round that everybody has left fails unheard.
    done.catch(() => undefined);
    const round: Round = { done, abort, waiting: 0 };
    this.#gathering = round;
    return round;
  }

  /** Nobody waits for it any more, and nobody may join it any more. */
  #abandon(round: Round): void {
    if (this.#gathering === round) this.#gathering = undefined;
    round.abort.abort(nobodyWaits);
  }
}

/** As `promise`, but rejects with the signal's reason as soon as it is aborted. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
