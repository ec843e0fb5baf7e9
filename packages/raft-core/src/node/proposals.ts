import type { ProposalOutcome } from "../algorithm/effects.ts";
import type { Entry, Index, NodeId, Term } from "../algorithm/entry.ts";
import type { ProposalId } from "../algorithm/input.ts";
import { dropped, superseded } from "./lost-proposals.ts";
import { RaftError } from "./raft-error.ts";

interface Waiter<Result> {
  resolve(result: Result): void;
  reject(error: RaftError): void;
}

/**
 * Calls to `propose` that have no answer yet. A call is submitted first, and waits for the algorithm to append or drop
 * it; from then on it waits at its entry id for what is applied at that index.
 */
export class Proposals<Result> {
  #lastId: ProposalId = 0;
  readonly #submitted = new Map<ProposalId, Waiter<Result>>();
  readonly #appended = new Map<Index, { readonly term: Term; readonly waiter: Waiter<Result> }>();

  /** An id under which the algorithm has not been asked for anything yet. */
  newId(): ProposalId {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** `submit` is called with the id under which the algorithm is to answer. */
  add(submit: (id: ProposalId) => void): Promise<Result> {
    const id = this.newId();
    return new Promise((resolve, reject) => {
      this.#submitted.set(id, { resolve, reject });
      submit(id);
    });
  }

  settle(outcome: ProposalOutcome): void {
    const waiter = this.#submitted.get(outcome.id);
    if (waiter === undefined) return;
    this.#submitted.delete(outcome.id);
    if (outcome.kind === "appended") this.#appended.set(outcome.first.index, { term: outcome.first.term, waiter });
    else waiter.reject(dropped(outcome));
  }

  /** These entries, and no others at their indexes, have taken effect. */
  applied(entries: readonly Entry[], results: readonly Result[]): void {
    if (this.#appended.size === 0) return;
    entries.forEach((entry, position) => {
      const proposal = this.#appended.get(entry.index);
      if (proposal === undefined) return;
      this.#appended.delete(entry.index);
      // One result an entry: the applier has checked that.
      if (proposal.term === entry.term) proposal.waiter.resolve(results[position] as Result);
      else proposal.waiter.reject(superseded(entry));
    });
  }

  /**
   * The node leads no longer in the terms before `term`, nor in `term` unless `leads`. What is not committed may be
   * taken up by the next leader or not, and nobody here will learn of it in time; what is will be applied here.
   */
  roleChanged(term: Term, leads: boolean, leader: NodeId | undefined, committed: Index): void {
    for (const [index, proposal] of this.#appended) {
      if (index <= committed || (leads && proposal.term === term)) continue;
      this.#appended.delete(index);
      proposal.waiter.reject(
        new RaftError("outcomeUnknown", "leadership was lost before the command was committed: it may still be", {
          leader,
        }),
      );
    }
  }

  /** A snapshot has taken the place of the entries up to `index`, results and all. */
  restored(index: Index): void {
    for (const [at, proposal] of this.#appended) {
      if (at > index) continue;
      this.#appended.delete(at);
      proposal.waiter.reject(
        new RaftError("outcomeUnknown", "a snapshot from the leader replaced the log before the command was applied"),
      );
    }
  }

  /** Ends every wait: with `submitted` what never reached the log, with `appended` what did. */
  rejectAll(submitted: RaftError, appended: RaftError): void {
    for (const waiter of this.#submitted.values()) waiter.reject(submitted);
    this.#submitted.clear();
    for (const proposal of this.#appended.values()) proposal.waiter.reject(appended);
    this.#appended.clear();
  }
}
