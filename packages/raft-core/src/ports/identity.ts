import type { NodeId } from "../algorithm/entry.ts";

/** Whose data a directory holds. Written when the directory is first opened, and never changed but by forming. */
export interface Identity {
  readonly nodeId: NodeId;
  /** Fresh and random for each fresh directory. */
  readonly memberId: string;
  /** Counts the starts of this directory, from 1; durable before the storage is handed out. */
  readonly incarnation: number;
  /** Undefined until the cluster has formed. */
  readonly clusterId: string | undefined;
  /** The cluster's, when this directory joined it: for a node that is not told another. Absent: it was not said. */
  readonly electionTimeout?: ElectionTimeout;
}

/** Each election timeout is drawn from [minMs, maxMs). */
export interface ElectionTimeout {
  readonly minMs: number;
  readonly maxMs: number;
}
