import type { HardState, Index, NodeId, Term } from "@raftkv/raft-core";
import type { Observation } from "./observation.ts";
import { ShadowLog } from "./shadow-log.ts";

/** One node as an observer knows it. */
export interface NodeView {
  readonly id: NodeId;
  /** With everything that was handed to the storage. */
  readonly written: ShadowLog;
  /** What is known to be on the disk. */
  readonly durable: ShadowLog;
  durableHardState: HardState;
  /** The term in what was handed to the storage last. */
  writtenTerm: Term;
}

/** What an observer knows of the whole cluster: kept up to date before each invariant looks. */
export class ClusterView {
  readonly #nodes = new Map<NodeId, NodeView>();
  /** The term of every committed entry, by index. */
  readonly committed = new Map<Index, Term>();
  #lastCommitted: Index = 0;

  /** The highest index that any node has called committed. */
  get lastCommitted(): Index {
    return this.#lastCommitted;
  }

  node(id: NodeId): NodeView {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const hardState: HardState = { term: 0, votedFor: undefined, commit: 0 };
    const node = {
      id,
      written: new ShadowLog(),
      durable: new ShadowLog(),
      durableHardState: hardState,
      writtenTerm: 0,
    };
    this.#nodes.set(id, node);
    return node;
  }

  nodes(): readonly NodeView[] {
    return [...this.#nodes.values()];
  }

  commit(index: Index, term: Term): void {
    this.committed.set(index, term);
    this.#lastCommitted = Math.max(this.#lastCommitted, index);
  }

  /** After the invariants have compared a `restored` with what was known before. */
  observe(observation: Observation): void {
    if (observation.kind === "restored") {
      const node = this.node(observation.node);
      node.written.restore(observation.state);
      node.durable.restore(observation.state);
      node.durableHardState = observation.state.hardState;
      node.writtenTerm = observation.state.hardState.term;
    } else if (observation.kind === "writing") {
      const node = this.node(observation.node);
      node.written.write(observation.batch);
      node.writtenTerm = observation.batch.hardState?.term ?? node.writtenTerm;
    } else if (observation.kind === "durable") {
      const node = this.node(observation.node);
      node.durable.write(observation.batch);
      node.durableHardState = observation.batch.hardState ?? node.durableHardState;
    } else if (observation.kind === "compacted") {
      this.node(observation.node).written.compact(observation.base);
      this.node(observation.node).durable.compact(observation.base);
    }
  }
}
