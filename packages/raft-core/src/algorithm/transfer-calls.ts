import type { NodeId } from "./entry.ts";
import type { TransferId } from "./input.ts";

/** A caller that waits for another node to lead: the one that it named, or any. */
export interface TransferCall {
  readonly id: TransferId;
  readonly to: NodeId | undefined;
}

/** More than so many are turned away: nobody needs them, and each takes up memory. */
const maxCalls = 1_024;

/** The callers that wait for the transfer under way, and after this node leads no longer for the next leader. */
export class TransferCalls {
  #calls: TransferCall[] = [];
  /** Since this node leads no longer. */
  #leaderlessMs = 0;

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** How long nobody has led, as far as this node knows, since it does not lead itself. */
  get leaderlessMs(): number {
    return this.#leaderlessMs;
  }

  /** Answers false, and does not take it in, where too many wait already. */
  add(call: TransferCall): boolean {
    if (this.#calls.length >= maxCalls) return false;
    this.#calls.push(call);
    this.#leaderlessMs = 0;
    return true;
  }

  tick(elapsedMs: number): void {
    this.#leaderlessMs += elapsedMs;
  }

  takeAll(): readonly TransferCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }
}
