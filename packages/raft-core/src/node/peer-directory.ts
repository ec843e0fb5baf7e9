import type { NodeId } from "../algorithm/entry.ts";
import type { Member } from "../algorithm/membership.ts";
import type { RaftTransport } from "../ports/raft-transport.ts";

/** Tells the transport whom this node has to reach. */
export class PeerDirectory {
  readonly #self: NodeId;
  readonly #transport: RaftTransport;

  constructor(self: NodeId, transport: RaftTransport) {
    this.#self = self;
    this.#transport = transport;
  }

  /** This node itself may be among them. */
  update(peers: readonly Member[]): void {
    this.#transport.setPeers(peers.filter((member) => member.id !== this.#self));
  }
}
