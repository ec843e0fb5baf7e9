import type { ApplyResult } from "@raftkv/kv-server";
import type { Consensus, NodeId, RaftStorage, RaftTransport, StateMachine } from "@raftkv/raft-core";

/** What may be put around the real parts of every node: to change how they behave, as an experiment or a mistake would. */
export interface Wrappers {
  readonly storage?: (storage: RaftStorage, node: NodeId) => RaftStorage;
  readonly stateMachine?: (machine: StateMachine<ApplyResult>, node: NodeId) => StateMachine<ApplyResult>;
  readonly transport?: (transport: RaftTransport, node: NodeId) => RaftTransport;
  /** What clients' requests go to. */
  readonly consensus?: (consensus: Consensus<ApplyResult>, node: NodeId) => Consensus<ApplyResult>;
}
