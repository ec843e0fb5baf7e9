import type { Member, Message, NodeId, RaftTransport, SnapshotShipment, TransportHandler } from "@raftkv/raft-core";
import type { Process } from "../machine/process.ts";
import type { Endpoint, SimulatedNetwork } from "./network.ts";
import type { SnapshotStreams } from "./snapshot-streams.ts";

/** The transport of one process over the simulated network. */
export class SimulatedTransport implements RaftTransport {
  readonly #id: NodeId;
  readonly #process: Process;
  readonly #network: SimulatedNetwork;
  readonly #snapshots: SnapshotStreams;
  #peers: ReadonlySet<NodeId> = new Set();
  #endpoint: Endpoint | undefined;

  constructor(id: NodeId, process: Process, network: SimulatedNetwork, snapshots: SnapshotStreams) {
    this.#id = id;
    this.#process = process;
    this.#network = network;
    this.#snapshots = snapshots;
  }

  start(handler: TransportHandler): void {
    if (!this.#process.alive) return;
    this.#endpoint = { id: this.#id, process: this.#process, handler, unreachable: new Set() };
    this.#network.attach(this.#endpoint);
  }

  setPeers(peers: readonly Member[]): void {
    this.#peers = new Set(peers.map(({ id }) => id).filter((id) => id !== this.#id));
  }

  send(to: NodeId, message: Message): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined || !this.#peers.has(to) || !this.#process.mayAct(message.kind)) return;
    this.#network.send(endpoint, to, message);
  }

  async sendSnapshot(to: NodeId, shipment: SnapshotShipment, signal: AbortSignal): Promise<void> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined || !this.#peers.has(to)) throw new Error(`node ${to} is no peer of node ${this.#id}`);
    await this.#snapshots.send({ sender: endpoint, to, shipment, signal });
  }

  async close(): Promise<void> {
    this.#network.detach(this.#process);
  }
}
