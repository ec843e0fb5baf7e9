import type { NodeId, RaftStorage } from "@raftkv/raft-core";
import type { StateStore } from "./state-store.ts";

/** What a storage package is: a module that exports `open`. The node loads it by the package's name. */
export interface StoragePackage {
  open(options: StorageOptions): Promise<Storage>;
}

export interface StorageOptions {
  /** Everything lives below: `logs/`, `snapshots/` and `state/`. Made if it does not exist. */
  readonly dataDir: string;
  /**
   * A directory that belongs to another node is refused with `wrongOwner`. Undefined: whoever's it is; a fresh one
   * becomes that of node 1.
   */
  readonly nodeId: NodeId | undefined;
  /** The member id for a directory that is fresh. */
  readonly newMemberId: () => string;
  /** Called once, as soon as a write or sync has failed: the node has to stop. */
  readonly onFailure: (error: Error) => void;
}

/** Both stores of one node, over one data directory with one owner. Each is closed by itself; the lock goes last. */
export interface Storage {
  readonly raft: RaftStorage;
  readonly state: StateStore;
}
