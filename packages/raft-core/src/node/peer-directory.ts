import type { NodeId } from "../algorithm/entry.ts";
import type { Member, Membership } from "../algorithm/membership.ts";
import type { RaftTransport } from "../ports/raft-transport.ts";

/** Tells the transport whom the membership names, whenever that changes. */
export class PeerDirectory {
  readonly #self: NodeId;
  readonly #transport: RaftTransport;
  #announced: readonly Member[] | undefined;

  constructor(self: NodeId, transport: RaftTransport) {
    this.#self = self;
    this.#transport = transport;
  }

  /** `membership` is the newest in the log, committed or not: it is in force already (Raft, section 6). */
  update(membership: Membership): void {
    if (membership.members === this.#announced) return;
    this.#announced = membership.members;
    this.#transport.setPeers(membership.members.filter((member) => member.id !== this.#self));
  }
}
