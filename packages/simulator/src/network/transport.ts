import type { Member, Message, NodeId, RaftTransport, SnapshotShipment, TransportHandler } from "@raftkv/raft-core";
import type { Process } from "../machine/process.ts";
import { addresseeOf, type Endpoint } from "./endpoint.ts";
import type { SimulatedNetwork } from "./network.ts";
import type { SnapshotStreams } from "./snapshot-streams.ts";

/** The transport of one process over the simulated network. */
export class SimulatedTransport implements RaftTransport {
  readonly #self: Member;
  readonly #process: Process;
  readonly #network: SimulatedNetwork;
  readonly #snapshots: SnapshotStreams;
  #endpoint: Endpoint | undefined;

  constructor(self: Member, process: Process, network: SimulatedNetwork, snapshots: SnapshotStreams) {
    this.#self = self;
    this.#process = process;
    this.#network = network;
    this.#snapshots = snapshots;
  }

  start(handler: TransportHandler): void {
    if (!this.#process.alive) return;
    this.#endpoint = {
      self: this.#self,
      process: this.#process,
      handler,
      peers: undefined,
      strangers: new Map(),
      unreachable: new Set(),
    };
    this.#network.attach(this.#endpoint);
  }

  setPeers(peers: readonly Member[]): void {
    if (this.#endpoint === undefined) return;
    this.#endpoint.peers = new Map(peers.filter(({ id }) => id !== this.#self.id).map((peer) => [peer.id, peer]));
  }

  send(to: NodeId, message: Message, toMemberId?: string): void {
    const endpoint = this.#endpoint;
    const peer = endpoint && addresseeOf(endpoint, to, message, toMemberId);
    if (endpoint === undefined || peer === undefined || !this.#process.mayAct(message.kind)) return;
    this.#network.send(endpoint, peer, message);
  }

  async sendSnapshot(to: NodeId, shipment: SnapshotShipment, signal: AbortSignal): Promise<void> {
    const endpoint = this.#endpoint;
    const peer = endpoint?.peers?.get(to);
    if (endpoint === undefined || peer === undefined) throw new Error(`node ${to} is no peer of node ${this.#self.id}`);
    await this.#snapshots.send({ sender: endpoint, peer, shipment, signal });
  }

  async close(): Promise<void> {
    this.#network.detach(this.#process);
  }
}
