import type { HardState, Index, Member, Membership, NodeId, Term } from "@raftkv/raft-core";
import type { Observation } from "./observation.ts";
import { ShadowLog } from "./shadow-log.ts";

/** One disk, and the node that runs on it, as an observer knows them. */
export interface NodeView {
  readonly id: NodeId;
  /** Undefined until the disk is first read. */
  memberId: string | undefined;
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
  /** Disks that are no more, as they were in the end, by member id. */
  readonly #former = new Map<string, NodeView>();
  /** The term of every committed entry, by index. */
  readonly committed = new Map<Index, Term>();
  /** The term that whoever first called it committed was in: it was committed in that term, or before. */
  readonly committedIn = new Map<Index, Term>();
  #lastCommitted: Index = 0;
  #lastClaimed: Index = 0;
  #changes = 0;

  /** How often anything here has changed. */
  get changes(): number {
    return this.#changes;
  }

  /** The highest index that any node has called committed. */
  get lastCommitted(): Index {
    return this.#lastCommitted;
  }

  /** The same, counting in what nodes have written or sent in the middle of a turn. */
  get lastClaimed(): Index {
    return Math.max(this.#lastCommitted, this.#lastClaimed);
  }

  node(id: NodeId): NodeView {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const node = freshView(id, undefined);
    this.#changes++;
    this.#nodes.set(id, node);
    return node;
  }

  /** The disk that joined as this member, though the node may run on another one by now. */
  disk({ id, memberId }: Pick<Member, "id" | "memberId">): NodeView {
    const node = this.node(id);
    return node.memberId === memberId ? node : (this.#former.get(memberId) ?? freshView(id, memberId));
  }

  /** The disk of node `id`, as a log with this membership knows it. */
  diskOf(id: NodeId, membership: Membership | undefined): NodeView {
    const member = membership?.members.find((candidate) => candidate.id === id);
    return member === undefined ? this.node(id) : this.disk(member);
  }

  nodes(): readonly NodeView[] {
    return [...this.#nodes.values()];
  }

  /** Every membership that may decide something: the committed one, and all that stand in a log above it. */
  membershipsInPlay(): readonly Membership[] {
    const inPlay: Membership[] = [];
    let committed: Membership | undefined;
    for (const { written } of this.#nodes.values()) {
      if (written.lastIndex >= this.#lastCommitted) committed ??= decisive(written.membershipAt(this.#lastCommitted));
      for (const { membership } of written.membershipsAbove(this.#lastCommitted)) inPlay.push(membership);
    }
    return committed === undefined ? inPlay : [committed, ...inPlay];
  }

  /** @param term Of the entry. */
  commit(index: Index, term: Term, committedIn: Term): void {
    this.#changes++;
    this.committed.set(index, term);
    this.committedIn.set(index, committedIn);
    this.#lastCommitted = Math.max(this.#lastCommitted, index);
  }

  /** After the invariants have compared a `restored` with what was known before. */
  observe(observation: Observation): void {
    if (observation.kind === "restored") {
      this.#changes++;
      const node = this.#nodeOnDisk(observation.node, observation.memberId);
      node.written.restore(observation.state);
      node.durable.restore(observation.state);
      node.durableHardState = observation.state.hardState;
      node.writtenTerm = observation.state.hardState.term;
    } else if (observation.kind === "writing") {
      this.#changes++;
      const node = this.node(observation.node);
      const { hardState } = observation.batch;
      node.written.write(observation.batch);
      node.writtenTerm = hardState?.term ?? node.writtenTerm;
      this.#claim(hardState?.commit ?? 0);
    } else if (observation.kind === "durable") {
      this.#changes++;
      const node = this.node(observation.node);
      node.durable.write(observation.batch);
      node.durableHardState = observation.batch.hardState ?? node.durableHardState;
    } else if (observation.kind === "compacted") {
      this.#changes++;
      this.node(observation.node).written.compact(observation.base);
      this.node(observation.node).durable.compact(observation.base);
    } else if (observation.kind === "sent" && observation.message.kind === "appendRequest") {
      this.#claim(observation.message.commit);
    }
  }

  #claim(commit: Index): void {
    if (commit <= this.#lastClaimed) return;
    this.#changes++;
    this.#lastClaimed = commit;
  }

  #nodeOnDisk(id: NodeId, memberId: string): NodeView {
    const node = this.node(id);
    if (node.memberId === undefined) node.memberId = memberId;
    if (node.memberId === memberId) return node;
    this.#former.set(node.memberId, node);
    const fresh = freshView(id, memberId);
    this.#nodes.set(id, fresh);
    return fresh;
  }
}

/** Before anything is committed, a newcomer's log reaches as far as the others', and knows of no member. */
function decisive(membership: Membership | undefined): Membership | undefined {
  return membership === undefined || membership.voters.length === 0 ? undefined : membership;
}

function freshView(id: NodeId, memberId: string | undefined): NodeView {
  return {
    id,
    memberId,
    written: new ShadowLog(),
    durable: new ShadowLog(),
    durableHardState: { term: 0, votedFor: undefined, commit: 0 },
    writtenTerm: 0,
  };
}
