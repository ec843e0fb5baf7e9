import type { NodeId } from "./entry.ts";
import type { Member, Membership } from "./membership.ts";
import type { Departure, RaftState } from "./role-state.ts";

const nobody: ReadonlyMap<NodeId, Departure> = new Map();

/**
 * Whom a node has to reach: the members of the committed and of the newest membership, and on a leader those who are
 * to hear of their removal. Where the two differ about a member, the newest is right: it is in force.
 */
export class PeerList {
  #newest: Membership;
  #committed: Membership;
  #departing: number;
  #current: readonly Member[];

  constructor(state: RaftState) {
    this.#newest = state.memberships.newest();
    this.#committed = state.memberships.at(state.hardState.commit);
    this.#departing = departingFrom(state).size;
    this.#current = this.#list(state);
  }

  get current(): readonly Member[] {
    return this.#current;
  }

  /** The list, if it is not what it was at the last call. */
  take(state: RaftState): readonly Member[] | undefined {
    const newest = state.memberships.newest();
    const committed = state.memberships.at(state.hardState.commit);
    const departing = departingFrom(state).size;
    if (newest === this.#newest && committed === this.#committed && departing === this.#departing) return undefined;
    this.#newest = newest;
    this.#committed = committed;
    this.#departing = departing;
    const before = this.#current;
    const now = this.#list(state);
    if (isSame(before, now)) return undefined;
    this.#current = now;
    return now;
  }

  #list(state: RaftState): readonly Member[] {
    const departing = [...departingFrom(state).values()].map(({ member }) => member);
    const all = [...departing, ...this.#committed.members, ...this.#newest.members];
    return [...new Map(all.map((member) => [member.id, member])).values()].sort((a, b) => a.id - b.id);
  }
}

function departingFrom({ role }: RaftState): ReadonlyMap<NodeId, Departure> {
  return role.kind === "leader" ? role.departing : nobody;
}

function isSame(before: readonly Member[], now: readonly Member[]): boolean {
  return (
    before.length === now.length &&
    before.every((member, position) => {
      const other = now[position];
      return member.id === other?.id && member.address === other.address && member.memberId === other.memberId;
    })
  );
}
