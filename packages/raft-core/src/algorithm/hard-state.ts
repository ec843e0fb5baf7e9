import type { HardState, Index, NodeId, Term } from "./entry.ts";
import type { BatchId } from "./input.ts";
import { invariant } from "./invariant.ts";

/** Term, vote and commit index, and which batch makes the present term and vote durable. */
export class HardStateKeeper {
  #term: Term;
  #votedFor: NodeId | undefined;
  #votedForMemberId: string | undefined;
  #promiseMs: number | undefined;
  #commit: Index;
  /** Set from a change of term or vote until it is durable. */
  #batch: BatchId | undefined;
  #changed = false;
  #writtenCommit: Index;
  /** As it was last handed out, as long as it is so still. */
  #current: HardState | undefined;

  constructor(restored: HardState, commit: Index) {
    this.#term = restored.term;
    this.#votedFor = restored.votedFor;
    this.#votedForMemberId = restored.votedForMemberId;
    this.#promiseMs = restored.promiseMs;
    this.#commit = commit;
    this.#writtenCommit = restored.commit;
  }

  get term(): Term {
    return this.#term;
  }

  get votedFor(): NodeId | undefined {
    return this.#votedFor;
  }

  get commit(): Index {
    return this.#commit;
  }

  /** The batch that nothing that speaks of this term may overtake; undefined: term and vote are durable. */
  get pendingBatch(): BatchId | undefined {
    return this.#batch;
  }

  /** The same object until something of it changes. */
  current(): HardState {
    this.#current ??= this.#asOfNow();
    return this.#current;
  }

  /** Whether this node's vote is for whoever has that id and that data directory; undefined: the transport cannot tell. */
  isVoteFor(candidate: NodeId, memberId: string | undefined): boolean {
    return this.#votedFor === candidate && this.#votedForMemberId === memberId;
  }

  /** A new term, in which nobody has this node's vote yet. `batch` is the next one to be handed out. */
  enterTerm(term: Term, batch: BatchId): void {
    invariant(term > this.#term, "the term only grows");
    this.#term = term;
    this.#votedForMemberId = undefined;
    this.#votedFor = undefined;
    this.#mark(batch);
  }

  /** One vote a term, for good (Raft, section 5.2). */
  vote(candidate: NodeId, memberId: string | undefined, batch: BatchId): void {
    if (this.isVoteFor(candidate, memberId)) return;
    invariant(this.#votedFor === undefined, "nobody votes twice in a term");
    this.#votedFor = candidate;
    this.#votedForMemberId = memberId;
    this.#mark(batch);
  }

  /** A promise for so long is about to leave: only after the disk knows of one that long. */
  promise(forMs: number, batch: BatchId): void {
    if (this.#promiseMs !== undefined && forMs <= this.#promiseMs) return;
    this.#promiseMs = forMs;
    this.#mark(batch);
  }

  /** No promise for longer binds this node any more. No reason to write, but rides along. */
  promisesLast(forMs: number): void {
    if (this.#promiseMs === undefined || this.#promiseMs <= forMs) return;
    this.#promiseMs = forMs;
    this.#current = undefined;
  }

  advanceCommit(index: Index): void {
    invariant(index >= this.#commit, "the commit index never goes back");
    this.#commit = index;
    this.#current = undefined;
  }

  persisted(batch: BatchId): void {
    if (this.#batch !== undefined && this.#batch <= batch) this.#batch = undefined;
  }

  /** What the next write must hold of it, once. A moved commit index is no reason to write, but rides along. */
  takeWrite(writesAnyway: boolean): HardState | undefined {
    const commitMoved = this.#commit !== this.#writtenCommit;
    if (!this.#changed && !(writesAnyway && commitMoved)) return undefined;
    this.#changed = false;
    this.#writtenCommit = this.#commit;
    return this.current();
  }

  #asOfNow(): HardState {
    const memberId = this.#votedForMemberId;
    const promiseMs = this.#promiseMs;
    return {
      term: this.#term,
      votedFor: this.#votedFor,
      ...(memberId === undefined ? {} : { votedForMemberId: memberId }),
      ...(promiseMs === undefined ? {} : { promiseMs }),
      commit: this.#commit,
    };
  }

  #mark(batch: BatchId): void {
    this.#batch = batch;
    this.#changed = true;
    this.#current = undefined;
  }
}
