import type { NodeId, Term } from "@raftkv/raft-core";

interface Asker {
  readonly term: Term;
  readonly memberId: string;
}

/**
 * Who asked for a vote under which id. A vote names its candidate by id, and an id may have two bearers: a member, and one
 * that was that before or is next. In one term only the first of them may ask, and the vote is only for it.
 */
export class VoteAskers {
  readonly #last = new Map<NodeId, Asker>();

  /** False: the other bearer of the id has asked in that term. */
  mayAsk(id: NodeId, memberId: string, term: Term): boolean {
    const last = this.#last.get(id);
    if (last?.term === term) return last.memberId === memberId;
    if (last === undefined || last.term < term) this.#last.set(id, { term, memberId });
    return true;
  }

  /** Undefined: nobody has, as far as is known. */
  askerIn(id: NodeId, term: Term): string | undefined {
    const last = this.#last.get(id);
    return last?.term === term ? last.memberId : undefined;
  }

  /** Forgets the ids for which `keep` is false. */
  retain(keep: (id: NodeId) => boolean): void {
    for (const id of this.#last.keys()) if (!keep(id)) this.#last.delete(id);
  }
}
