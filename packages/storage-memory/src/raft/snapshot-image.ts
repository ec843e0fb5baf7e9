import { createHash } from "node:crypto";
import type { SnapshotContent, SnapshotMetadata, SnapshotSource, StoredSnapshot } from "@raftkv/raft-core";
import { copyBytes, copyMetadata } from "../copies.ts";

const maxChunkBytes = 1024 * 1024;

/** A whole snapshot, never changed once it is made: a source that is open stays readable when it is replaced. */
export interface SnapshotImage {
  readonly metadata: SnapshotMetadata;
  readonly content: SnapshotContent;
  readonly chunks: readonly Uint8Array[];
}

/** The beginning of one; its content is what the whole will be. */
export type PartialImage = SnapshotImage;

export function sourceOf(image: SnapshotImage): StoredSnapshot {
  return {
    metadata: copyMetadata(image.metadata),
    content: image.content,
    async *read(from = 0) {
      let offset = 0;
      for (const chunk of image.chunks) {
        const skipped = Math.min(chunk.byteLength, Math.max(0, from - offset));
        offset += chunk.byteLength;
        for (let start = skipped; start < chunk.byteLength; start += maxChunkBytes) {
          yield copyBytes(chunk.subarray(start, start + maxChunkBytes));
        }
      }
    },
    async close() {},
  };
}

export async function imageOf(source: SnapshotSource): Promise<SnapshotImage> {
  const metadata = copyMetadata(source.metadata);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.read()) chunks.push(copyBytes(chunk));
  return { metadata, chunks, content: contentOf(chunks) };
}

export function contentOf(chunks: readonly Uint8Array[]): SnapshotContent {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return { bytes: bytesOf(chunks), digest: hash.digest("hex") };
}

export function bytesOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}
