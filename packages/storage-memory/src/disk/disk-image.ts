import type { Identity } from "@raftkv/raft-core";
import { LogImage } from "../raft/log-image.ts";
import type { PartialImage, SnapshotImage } from "../raft/snapshot-image.ts";
import { emptyTree, type Tree } from "../state/tree.ts";

/** Everything that one node has made durable. What is in here survives a crash of the (simulated) process. */
export interface DiskImage {
  identity: Identity;
  readonly log: LogImage;
  snapshot: SnapshotImage | undefined;
  /** What was kept of a snapshot that was being received. */
  partial: PartialImage | undefined;
  /** Replaced as a whole by each write, so that rows and applied index always belong together. */
  state: { readonly appliedIndex: number; readonly tree: Tree };
}

/** A directory that nobody has opened yet: its incarnation is 0. */
export function freshImage(nodeId: number, memberId: string): DiskImage {
  return {
    identity: { nodeId, memberId, incarnation: 0, clusterId: undefined },
    log: new LogImage(),
    snapshot: undefined,
    partial: undefined,
    state: { appliedIndex: 0, tree: emptyTree },
  };
}
