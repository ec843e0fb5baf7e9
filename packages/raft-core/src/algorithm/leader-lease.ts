import type { NodeId } from "./entry.ts";
import { quorumValue, type VoterSets } from "./quorum.ts";

/** So many rounds are remembered; an answer to an older one counts for nothing. */
const maxRounds = 64;

/**
 * Until when nobody else can be elected: what a leader may read without asking (dissertation, section 6.4.1). A follower
 * that answers a round promises to vote for nobody for so long. That began when the round reached it, so not before the
 * round was sent; and a quorum that votes for nobody leaves too few voters for another leader. Times are readings of this
 * node's clock.
 */
export class LeaderLease {
  readonly #maxClockDrift: number;
  /** When the rounds were sent, or a little before; without gaps. */
  #sentAtMs: number[] = [];
  #lastRound = 0;
  /** Until when each voter keeps its promise, at least. */
  readonly #promisedUntilMs = new Map<NodeId, number>();
  #isOver = false;

  constructor(maxClockDrift: number) {
    this.#maxClockDrift = maxClockDrift;
  }

  /** Every promise from now on is one that an election by transfer sets aside. */
  get isOver(): boolean {
    return this.#isOver;
  }

  sent(round: number, atMs: number): void {
    this.#lastRound = round;
    this.#sentAtMs.push(atMs);
    if (this.#sentAtMs.length > maxRounds) this.#sentAtMs.shift();
  }

  /** `from` has answered that round: it votes for nobody for `forMs`, on its own clock, since the round reached it. */
  promised(from: NodeId, round: number, forMs: number): void {
    const sentAtMs = this.#sentAtMs[this.#sentAtMs.length - 1 - (this.#lastRound - round)];
    if (sentAtMs === undefined) return;
    const untilMs = sentAtMs + forMs / (1 + this.#maxClockDrift);
    this.#promisedUntilMs.set(from, Math.max(untilMs, this.#promisedUntilMs.get(from) ?? Number.NEGATIVE_INFINITY));
  }

  /**
   * Leadership is being handed over, which sets the promises aside. For good: whoever was told to campaign may hear of it
   * much later, also when the transfer has been given up.
   */
  end(): void {
    this.#isOver = true;
  }

  /** Whoever has that id from now on knows nothing of what was promised under it: it may have lost its disk. */
  forgetPromise(id: NodeId): void {
    this.#promisedUntilMs.delete(id);
  }

  /** Time has passed that this node's clock has not counted: nothing that was sent before says anything any more. */
  forget(): void {
    this.#sentAtMs = [];
    this.#promisedUntilMs.clear();
  }

  /**
   * Until when a quorum of `sets` keeps its promises; `self` votes for nobody while it leads. Reckoned anew each time: what
   * a quorum of a past membership has promised does not bind the present one.
   */
  untilMs(sets: VoterSets, self: NodeId): number {
    if (this.#isOver) return Number.NEGATIVE_INFINITY;
    return quorumValue(sets, (voter) => {
      if (voter === self) return Number.POSITIVE_INFINITY;
      return this.#promisedUntilMs.get(voter) ?? Number.NEGATIVE_INFINITY;
    });
  }
}
