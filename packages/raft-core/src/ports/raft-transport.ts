import type { NodeId, SnapshotMetadata, Term } from "../algorithm/entry.ts";
import type { Member } from "../algorithm/membership.ts";
import type { Message } from "../algorithm/message.ts";
import type { SnapshotContent, StoredSnapshot } from "./snapshot.ts";

/** Carries messages between nodes. Lossy; never throws, never blocks; in order for each peer. */
export interface RaftTransport {
  /** Starts delivering. Called once, before anything is sent. */
  start(handler: TransportHandler): void;
  /**
   * Whom messages can be sent to, and where; connections to others are closed. Who speaks to this node and is none of
   * them can be sent messages too, as long as it is connected: this node may be the one that does not know the members.
   */
  setPeers(peers: readonly Member[]): void;
  /**
   * `toMemberId`: only to the bearer of that id with this data directory. A transport that does not tell the bearers of an
   * id apart takes no notice of it, and must then not name senders' data directories either.
   */
  send(to: NodeId, message: Message, toMemberId?: string): void;
  /**
   * Who has that id, and where it is, as it has introduced itself or was told by `setPeers`. For a node whose log does not
   * name its leader yet; a transport that cannot tell leaves it out.
   */
  peer?(id: NodeId): Member | undefined;
  /**
   * Offers the snapshot to the peer, and sends what it lacks of it (`source.read(from)`). Resolves once the peer holds
   * it whole and durably; rejects if that failed or is not known.
   */
  sendSnapshot(to: NodeId, shipment: SnapshotShipment, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TransportHandler {
  /** `fromMemberId`: the sender's data directory, as it was introduced. */
  message(from: NodeId, message: Message, fromMemberId?: string): void;
  /** Messages to this peer are being lost. Called at most once until it is reachable again. */
  unreachable(peer: NodeId): void;
  /** A peer offers a snapshot. Resolves with how many of its bytes are held already; rejects if it is refused. */
  offer(offer: SnapshotOffer): Promise<number>;
  /** A peer sends a snapshot. Resolves once it is durable here; rejects if it was refused or broke off. */
  snapshot(incoming: IncomingSnapshot): Promise<void>;
}

/** A snapshot on its way to a peer. */
export interface SnapshotShipment {
  readonly term: Term;
  /** Who leads in that term: the sender, or whoever asked it to send. */
  readonly leader: NodeId;
  readonly source: StoredSnapshot;
}

export interface SnapshotOffer {
  readonly from: NodeId;
  readonly term: Term;
  /** Who leads in that term; not always the sender. */
  readonly leader: NodeId;
  readonly metadata: SnapshotMetadata;
  /** Undefined: the sender speaks a version of the protocol in which it cannot tell. */
  readonly content: SnapshotContent | undefined;
}

export interface IncomingSnapshot extends SnapshotOffer {
  /** Where the bytes begin: what the offer was answered with, or 0. */
  readonly offset: number;
  /** The chunks as they arrive; throws if the stream breaks or a checksum is wrong. */
  read(): AsyncIterable<Uint8Array>;
}
