import type { SnapshotMetadata, SnapshotSource } from "@raftkv/raft-core";
import { copyBytes, copyMetadata } from "../copies.ts";

const maxChunkBytes = 1024 * 1024;

/** A whole snapshot, never changed once it is made: a source that is open stays readable when it is replaced. */
export interface SnapshotImage {
  readonly metadata: SnapshotMetadata;
  readonly chunks: readonly Uint8Array[];
}

export function sourceOf(image: SnapshotImage): SnapshotSource {
  return {
    metadata: copyMetadata(image.metadata),
    async *read() {
      for (const chunk of image.chunks) {
        for (let start = 0; start < chunk.byteLength; start += maxChunkBytes) {
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
  return { metadata, chunks };
}
