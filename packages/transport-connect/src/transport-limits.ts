/** Bounds on what the transport holds and how long it waits. Times are milliseconds, sizes bytes. */
export interface TransportLimits {
  /** Messages that wait for one peer; what comes beyond is dropped. */
  readonly queueMessages: number;
  /** Bytes that wait for one peer; what comes beyond is dropped. */
  readonly queueBytes: number;
  /** Where a batch on the stream ends, unless its first message alone is larger. */
  readonly batchBytes: number;
  /** The largest message on the wire, either way. It must hold the largest append request that consensus sends. */
  readonly messageBytes: number;
  /** From dialling a peer until it has accepted the hello. */
  readonly connectTimeoutMs: number;
  /** From an accepted stream until its hello has arrived. */
  readonly helloTimeoutMs: number;
  /** The first pause before dialling again; doubles up to `reconnectMaxMs`. Each pause is jittered. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** How often a connection to a peer is probed by an HTTP/2 ping. */
  readonly pingIntervalMs: number;
  /** How long the answer to a ping may take before the connection is given up. */
  readonly pingTimeoutMs: number;
  /** Snapshots on their way at once, in each direction; and so many are offered to this node at once. */
  readonly snapshots: number;
  /** A snapshot ends when no chunk has moved for this long. */
  readonly snapshotProgressTimeoutMs: number;
  /** How long the receiver may take over a snapshot once it has all of it. */
  readonly snapshotCommitTimeoutMs: number;
  /** Nodes with streams to this one that are no members as far as it knows. */
  readonly strangers: number;
  /** How long an introduction may take. */
  readonly introduceTimeoutMs: number;
}

export const defaultTransportLimits: TransportLimits = {
  queueMessages: 4096,
  queueBytes: 32 * 1024 * 1024,
  batchBytes: 1024 * 1024,
  messageBytes: 16 * 1024 * 1024,
  connectTimeoutMs: 2000,
  helloTimeoutMs: 5000,
  reconnectMinMs: 50,
  reconnectMaxMs: 1000,
  pingIntervalMs: 2000,
  pingTimeoutMs: 3000,
  snapshots: 4,
  snapshotProgressTimeoutMs: 10_000,
  snapshotCommitTimeoutMs: 60_000,
  strangers: 16,
  introduceTimeoutMs: 2000,
};
