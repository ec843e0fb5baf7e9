import type { SnapshotMetadata } from "../algorithm/entry.ts";

/** A snapshot that can be read from its beginning; independent of what is applied or compacted meanwhile. */
export interface SnapshotSource {
  readonly metadata: SnapshotMetadata;
  /** The state machine's bytes, in chunks of at most 1 MiB. */
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Takes in a snapshot piece by piece. */
export interface SnapshotSink {
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves once the snapshot is whole, verified and durable. */
  commit(): Promise<void>;
  /** Leaves no trace. */
  abort(): Promise<void>;
}
