import type { Member, NodeId } from "@raftkv/raft-core";

/**
 * Whom this node can speak to, and where: the members, and those who speak to it and are no members that it knows of.
 * What a member says of its own address counts for more than what the membership had before that: it may have moved, and
 * the change of the membership that says so may need its vote.
 */
export class PeerDirectory {
  #members: ReadonlyMap<NodeId, Member> = new Map();
  #strangers: readonly Member[] = [];
  /** Where members say that they are, if that is not where the membership has them. */
  readonly #said = new Map<NodeId, Member>();

  /** As the membership has them. */
  get members(): ReadonlyMap<NodeId, Member> {
    return this.#members;
  }

  setMembers(members: readonly Member[]): void {
    const before = this.#members;
    this.#members = new Map(members.map((member) => [member.id, member]));
    for (const id of this.#said.keys()) {
      const now = this.#members.get(id);
      const isAsBefore = now?.address === before.get(id)?.address && now?.memberId === before.get(id)?.memberId;
      if (now === undefined || !isAsBefore) this.#said.delete(id);
    }
  }

  /** Answers whether that is news. */
  setStrangers(strangers: readonly Member[]): boolean {
    const before = this.#strangers;
    this.#strangers = strangers;
    return before.length > 0 || strangers.length > 0;
  }

  /** A node has said where it is. Answers whether that is news of a member. */
  heard(id: NodeId, memberId: string, address: string | undefined): boolean {
    const member = this.#members.get(id);
    if (member === undefined || address === undefined || member.memberId !== memberId) return false;
    const before = this.#said.get(id)?.address ?? member.address;
    if (address === member.address) this.#said.delete(id);
    else this.#said.set(id, { ...member, address });
    return address !== before;
  }

  peer(id: NodeId): Member | undefined {
    return this.#said.get(id) ?? this.#members.get(id) ?? this.#strangers.find((stranger) => stranger.id === id);
  }

  /** Strangers that have the id of a member: whom a question from that id is answered to, and nothing else is sent. */
  namesakes(): ReadonlyMap<NodeId, Member> {
    const namesakes = this.#strangers.filter(({ id }) => this.#members.has(id));
    return new Map(namesakes.map((stranger) => [stranger.id, stranger]));
  }

  /** Everybody, each once. */
  peers(): ReadonlyMap<NodeId, Member> {
    return new Map([
      ...this.#strangers.map((stranger) => [stranger.id, stranger] as const),
      ...this.#members,
      ...this.#said,
    ]);
  }
}
