import type { NodeId } from "./entry.ts";

/** A leadership that ends sooner counts against its leader. */
const shortTenure = 10;
const maxStrikes = 6;

/**
 * Remembers who was made leader in vain: it did not take over, or led for a short time only. Whoever prefers it waits
 * longer before it tries again, twice as long each time, up to a bound.
 */
export class Tenures {
  /** How long a preferred voter has to be up and to keep up before it is made leader, if nothing speaks against it. */
  readonly #trialMs: number;
  readonly #strikes = new Map<NodeId, number>();
  #leader: NodeId | undefined;
  #ledMs = 0;

  constructor(trialMs: number) {
    this.#trialMs = trialMs;
  }

  trialMs(id: NodeId): number {
    return this.#trialMs * 2 ** (this.#strikes.get(id) ?? 0);
  }

  hasFailed(id: NodeId): boolean {
    return this.#strikes.has(id);
  }

  /** `leader` has led, as far as this node knows. */
  tick(elapsedMs: number, leader: NodeId | undefined): void {
    if (leader !== this.#leader) this.#ended();
    this.#leader = leader;
    this.#ledMs += elapsedMs;
  }

  failedToLead(id: NodeId): void {
    this.#strikes.set(id, Math.min((this.#strikes.get(id) ?? 0) + 1, maxStrikes));
  }

  #ended(): void {
    if (this.#leader !== undefined) {
      if (this.#ledMs < shortTenure * this.#trialMs) this.failedToLead(this.#leader);
      else this.#strikes.delete(this.#leader);
    }
    this.#ledMs = 0;
  }
}
