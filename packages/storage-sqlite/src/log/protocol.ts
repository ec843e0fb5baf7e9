import type {
  ElectionTimeout,
  HardState,
  Identity,
  Index,
  Membership,
  NodeId,
  RestoredState,
  SnapshotMetadata,
  StorageUsage,
} from "@raftkv/raft-core";
import type { Block } from "./block.ts";

/** What the log's thread is asked. It starts with `open`, then `create` if nothing was there, then `start`. */
export type LogRequest =
  | { readonly kind: "open"; readonly raftDb: string; readonly witness: string }
  | { readonly kind: "create"; readonly nodeId: NodeId; readonly memberId: string }
  | { readonly kind: "start" }
  | LogChange
  | { readonly kind: "load" }
  | { readonly kind: "close" };

/** What changes the database. Those that wait together become durable together, in their order. */
export type LogChange = LogWrite | LogForm | LogCompaction;

/** A `WriteBatch` with its entries packed. */
export interface LogWrite {
  readonly kind: "write";
  readonly hardState: HardState | undefined;
  readonly resetTo: SnapshotMetadata | undefined;
  readonly truncateFrom: Index | undefined;
  readonly append: readonly Block[];
}

export interface LogForm {
  readonly kind: "form";
  readonly clusterId: string;
  readonly membership: Membership;
  readonly electionTimeout?: ElectionTimeout | undefined;
}

export interface LogCompaction {
  readonly kind: "compact";
  readonly base: SnapshotMetadata;
}

export type LogAnswer =
  | { readonly kind: "opened"; readonly found: LogFound | undefined }
  | { readonly kind: "started"; readonly identity: Identity; readonly status: LogStatus }
  | { readonly kind: "durable"; readonly status: LogStatus }
  | { readonly kind: "loaded"; readonly state: RestoredState }
  | { readonly kind: "closed" };

/** What a database holds before it is started: its incarnation is still that of the last start. */
export interface LogFound {
  readonly identity: Identity;
  readonly sequence: number;
}

export interface LogStatus {
  readonly sequence: number;
  readonly usage: Omit<StorageUsage, "snapshotBytes">;
}

/** What the thread for reads is asked. */
export type LogReadRequest =
  | {
      readonly kind: "read";
      readonly raftDb: string;
      readonly from: Index;
      readonly to: Index;
      readonly maxBytes: number;
    }
  | { readonly kind: "close" };

export type LogReadAnswer = { readonly kind: "read"; readonly blocks: readonly Block[] } | { readonly kind: "closed" };
