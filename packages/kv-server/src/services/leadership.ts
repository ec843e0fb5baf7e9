import type { Consensus, ConsensusStatus, Term } from "@raftkv/raft-core";
import type { LeaderHint } from "./kv-failure.ts";

/** Who leads, kept at hand so that no request has to ask. */
export interface LeadershipView {
  /** The term in which this node leads; undefined: it does not. */
  readonly ledTerm: Term | undefined;
  readonly leader: LeaderHint | undefined;
}

/**
 * Follows the changes of role, term and leader, and those of the members: a newcomer hears its leader before its log says
 * who that is, and a leader may move to another address.
 */
export class Leadership {
  readonly #listeners = new Set<(view: LeadershipView) => void>();
  readonly #subscriptions: readonly (() => void)[];
  #view: LeadershipView;

  constructor(consensus: Pick<Consensus, "status" | "onRoleChange" | "onMembersChange">) {
    this.#view = viewOf(consensus.status());
    const update = (status: ConsensusStatus) => this.#update(viewOf(status));
    this.#subscriptions = [consensus.onRoleChange(update), consensus.onMembersChange(update)];
  }

  view(): LeadershipView {
    return this.#view;
  }

  /** Calls back on each change. Returns what ends the subscription. */
  onChange(listener: (view: LeadershipView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#listeners.clear();
  }

  #update(view: LeadershipView): void {
    const { ledTerm, leader } = this.#view;
    this.#view = view;
    if (ledTerm === view.ledTerm && leader?.nodeId === view.leader?.nodeId && leader?.address === view.leader?.address)
      return;
    for (const listener of this.#listeners) listener(view);
  }
}

function viewOf({ role, term, leader }: Pick<ConsensusStatus, "role" | "term" | "leader">): LeadershipView {
  return {
    ledTerm: role === "leader" ? term : undefined,
    leader: leader === undefined ? undefined : { nodeId: leader.id, address: leader.address },
  };
}
