import { createHash } from "node:crypto";
import type { SnapshotMetadata } from "../algorithm/entry.ts";
import type { SnapshotContent, StoredSnapshot } from "../ports/snapshot.ts";

/** A source over chunks in memory, readable as often as wanted. */
export function snapshotOf(metadata: SnapshotMetadata, chunks: readonly Uint8Array[]): StoredSnapshot {
  return {
    metadata,
    content: contentOf(chunks),
    read: (from = 0) => chunksFrom(chunks, from),
    async close() {},
  };
}

/** A source that breaks after its chunks. */
export function brokenSnapshot(
  metadata: SnapshotMetadata,
  chunks: readonly Uint8Array[],
  error: Error,
): StoredSnapshot {
  return {
    metadata,
    content: contentOf(chunks),
    async *read(from = 0) {
      yield* chunksFrom(chunks, from);
      throw error;
    },
    async close() {},
  };
}

/** What names these bytes. */
export function contentOf(chunks: readonly Uint8Array[]): SnapshotContent {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return { bytes: chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0), digest: hash.digest("hex") };
}

/** What is left of the chunks from byte `from` on. */
export async function* chunksFrom(
  chunks: readonly Uint8Array[],
  from: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  for (const chunk of chunks) {
    const rest = chunk.subarray(Math.max(0, from - offset));
    offset += chunk.byteLength;
    if (rest.byteLength > 0) yield rest;
  }
}

/** All bytes of a stream of chunks, in one piece. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(new Uint8Array(chunk));
  return Buffer.concat(pieces);
}
