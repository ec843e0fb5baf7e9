import type { ProposalId } from "./input.ts";

export interface HeldProposal {
  readonly id: ProposalId;
  readonly payloads: readonly Uint8Array[];
}

/** More than so many are turned away, however small. */
const maxProposals = 16_384;

/**
 * Proposals that came while leadership was on its way to another node: they wait, in order, for how that ends. Then they
 * are appended here after all, or are told who leads.
 */
export class HeldProposals {
  readonly #maxBytes: number;
  #isOpen = false;
  #proposals: HeldProposal[] = [];
  #bytes = 0;
  #leaderlessMs = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Leadership is on its way. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How long this node has known of no leader, itself included, since leadership is on its way. */
  get leaderlessMs(): number {
    return this.#leaderlessMs;
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#leaderlessMs = 0;
  }

  tick(elapsedMs: number): void {
    this.#leaderlessMs += elapsedMs;
  }

  /** Answers false, and does not take it in, where too much is held already. */
  add(proposal: HeldProposal): boolean {
    const bytes = proposal.payloads.reduce((sum, payload) => sum + payload.byteLength, 0);
    if (this.#proposals.length >= maxProposals || this.#bytes + bytes > this.#maxBytes) return false;
    this.#proposals.push(proposal);
    this.#bytes += bytes;
    return true;
  }

  /** It is known how it ended: from now on nothing is held. */
  close(): readonly HeldProposal[] {
    const proposals = this.#proposals;
    this.#isOpen = false;
    this.#proposals = [];
    this.#bytes = 0;
    return proposals;
  }
}
