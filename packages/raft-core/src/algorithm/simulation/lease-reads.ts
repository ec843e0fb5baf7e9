import type { Index, Term } from "../entry.ts";
import type { SeededRandom } from "../harness/seeded-random.ts";
import type { TestNode } from "../harness/test-node.ts";
import type { Raft } from "../raft.ts";
import type { Clocks } from "./clocks.ts";
import { type Invariants, PropertyViolation } from "./invariants.ts";

interface LeaseRead {
  readonly node: TestNode;
  /** It ends with the process. */
  readonly raft: Raft;
  readonly term: Term;
  readonly index: Index;
  /** What anybody knew to be committed when the read was asked for. */
  readonly committed: Index;
  /** Set when the state has been read: how far it had come, and the last term in which anything had been committed. */
  seen: { readonly applied: Index; readonly committedTerm: Term } | undefined;
}

/**
 * Reads by lease as a node does them, each step when it pleases: is there a lease, then the state is read, then is there
 * still one (rule 16). Whatever passes sees all that had been committed when it was asked for, and nobody of a later term
 * had committed anything when the state was read.
 */
export class LeaseReads {
  readonly #clocks: Clocks;
  readonly #random: SeededRandom;
  readonly #invariants: Invariants;
  #underWay: LeaseRead[] = [];
  #served = 0;
  #refusedAfter = 0;

  constructor(clocks: Clocks, random: SeededRandom, invariants: Invariants) {
    this.#clocks = clocks;
    this.#random = random;
    this.#invariants = invariants;
  }

  get served(): number {
    return this.#served;
  }

  /** How many had a lease at first, and none any more when the state had been read. */
  get refusedAfter(): number {
    return this.#refusedAfter;
  }

  begin(node: TestNode): void {
    const lease = this.#leaseOf(node);
    if (lease === undefined) return;
    const { committed } = this.#invariants;
    this.#underWay.push({ node, raft: node.raft, ...lease, committed, seen: undefined });
  }

  /** Some of those that are under way go on, at the nodes that run. */
  goOn(isRunning: (node: TestNode) => boolean): void {
    if (this.#underWay.length === 0) return;
    this.#underWay = this.#underWay.filter((read) => {
      if (read.node.raft !== read.raft) return false;
      return !isRunning(read.node) || !this.#random.chance(0.2) || this.#step(read);
    });
  }

  /** Answers whether it is still under way. */
  #step(read: LeaseRead): boolean {
    if (read.seen === undefined) {
      const applied = read.node.state.index;
      if (applied >= read.index) read.seen = { applied, committedTerm: this.#invariants.committedTerm };
      return true;
    }
    if (this.#leaseOf(read.node)?.term === read.term) this.#serve(read, read.seen);
    else this.#refusedAfter++;
    return false;
  }

  #serve({ node, term, committed }: LeaseRead, seen: NonNullable<LeaseRead["seen"]>): void {
    this.#served++;
    const reader = `the read by lease of ${node.id} in term ${term}`;
    if (seen.applied < committed) {
      throw new PropertyViolation(`${reader} at ${seen.applied} misses what was committed before it: ${committed}`);
    }
    if (seen.committedTerm > term) {
      throw new PropertyViolation(`${reader} was made while the leader of term ${seen.committedTerm} had committed`);
    }
  }

  #leaseOf(node: TestNode): { readonly term: Term; readonly index: Index } | undefined {
    const lease = node.raft.lease();
    return lease !== undefined && this.#clocks.read(node.id) < lease.untilMs ? lease : undefined;
  }
}
