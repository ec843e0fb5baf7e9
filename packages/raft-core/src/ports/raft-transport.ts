import type { NodeId, SnapshotMetadata, Term } from "../algorithm/entry.ts";
import type { Member } from "../algorithm/membership.ts";
import type { Message } from "../algorithm/message.ts";
import type { SnapshotSource } from "./snapshot.ts";

/** Carries messages between nodes. Lossy; never throws, never blocks; in order for each peer. */
export interface RaftTransport {
  /** Starts delivering. Called once, before anything is sent. */
  start(handler: TransportHandler): void;
  /**
   * Whom messages can be sent to, and where; connections to others are closed. Who speaks to this node and is none of
   * them can be sent messages too, as long as it is connected: this node may be the one that does not know the members.
   */
  setPeers(peers: readonly Member[]): void;
  send(to: NodeId, message: Message): void;
  /** Resolves once the peer holds the whole snapshot durably; rejects if that failed or is not known. */
  sendSnapshot(to: NodeId, term: Term, source: SnapshotSource, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TransportHandler {
  message(from: NodeId, message: Message): void;
  /** Messages to this peer are being lost. Called at most once until it is reachable again. */
  unreachable(peer: NodeId): void;
  /** A peer sends a snapshot. Resolves once it is durable here; rejects if it was refused or broke off. */
  snapshot(incoming: IncomingSnapshot): Promise<void>;
}

export interface IncomingSnapshot {
  readonly from: NodeId;
  readonly term: Term;
  readonly metadata: SnapshotMetadata;
  /** The chunks as they arrive; throws if the stream breaks or a checksum is wrong. */
  read(): AsyncIterable<Uint8Array>;
}
