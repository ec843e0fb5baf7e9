import type { SnapshotMetadata } from "../algorithm/entry.ts";
import type { SnapshotSource } from "../ports/snapshot.ts";

/** A source over chunks in memory, readable as often as wanted. */
export function snapshotOf(metadata: SnapshotMetadata, chunks: readonly Uint8Array[]): SnapshotSource {
  return {
    metadata,
    async *read() {
      yield* chunks;
    },
    async close() {},
  };
}

/** A source that breaks after its chunks. */
export function brokenSnapshot(
  metadata: SnapshotMetadata,
  chunks: readonly Uint8Array[],
  error: Error,
): SnapshotSource {
  return {
    metadata,
    async *read() {
      yield* chunks;
      throw error;
    },
    async close() {},
  };
}

/** All bytes of a stream of chunks, in one piece. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(new Uint8Array(chunk));
  return Buffer.concat(pieces);
}
