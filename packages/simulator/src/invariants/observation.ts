import type {
  ConsensusStatus,
  Entry,
  Index,
  Message,
  NodeId,
  RestoredState,
  SnapshotMetadata,
  Term,
  WriteBatch,
} from "@raftkv/raft-core";

/** One thing that was seen to happen in the cluster. */
export type Observation =
  /** A node has read its disk at start. Another member id than before: the disk is a new one. */
  | {
      readonly kind: "restored";
      readonly node: NodeId;
      readonly memberId: string;
      readonly state: RestoredState;
    }
  /** A write was handed to the storage … */
  | { readonly kind: "writing"; readonly node: NodeId; readonly batch: WriteBatch }
  /** … and is on the disk, whatever the node was told. */
  | { readonly kind: "durable"; readonly node: NodeId; readonly batch: WriteBatch }
  | { readonly kind: "compacted"; readonly node: NodeId; readonly base: SnapshotMetadata }
  | {
      readonly kind: "sent";
      readonly from: NodeId;
      readonly to: NodeId;
      readonly toMemberId: string;
      readonly message: Message;
    }
  /** The bytes of a snapshot begin to flow, from byte `offset` on. */
  | {
      readonly kind: "snapshotBegins";
      readonly from: NodeId;
      readonly to: NodeId;
      readonly leader: NodeId;
      /** The last one that it covers. */
      readonly index: Index;
      readonly offset: number;
    }
  | {
      readonly kind: "applied";
      readonly node: NodeId;
      readonly entries: readonly Entry[];
      /** What applying each gave, as text. */
      readonly results: readonly string[];
    }
  /** A linearizable read was asked for at this node; `read` tells it from all others. */
  | { readonly kind: "readAsked"; readonly node: NodeId; readonly read: object }
  /** It may be answered from a state that has applied `index`; `leaseTerm`: by the lease of the leader of that term. */
  | {
      readonly kind: "readServed";
      readonly node: NodeId;
      readonly read: object;
      readonly index: Index;
      readonly leaseTerm: Term | undefined;
    }
  /** The state at an index, as a digest of all of it. */
  | { readonly kind: "state"; readonly node: NodeId; readonly index: Index; readonly digest: string }
  /** What a node says of itself after each step that it took part in. */
  | { readonly kind: "status"; readonly node: NodeId; readonly status: ConsensusStatus };

export type Observe = (observation: Observation) => void;
