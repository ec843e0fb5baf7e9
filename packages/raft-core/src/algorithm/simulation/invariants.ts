import { describeEntry } from "../describe.ts";
import type { Effects } from "../effects.ts";
import type { Entry, EntryId, Index, NodeId, Term } from "../entry.ts";
import type { FoldedState, TestNode } from "../harness/test-node.ts";
import type { Membership } from "../membership.ts";
import type { Message } from "../message.ts";

/** A property of Raft that does not hold. */
export class PropertyViolation extends Error {
  override readonly name = "PropertyViolation";
}

/** Watches all nodes from outside, and knows what none of them knows. Figure 3 of the Raft paper, and durability. */
export class Invariants {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #votes = new Map<string, NodeId>();
  readonly #entries = new Map<string, string>();
  readonly #committed: Term[] = [0];
  readonly #checksums = new Map<Index, number>();
  /** What each leader knew to be committed when its term began. */
  readonly #commitsAtStart = new Map<string, Index>();
  readonly #commits = new Map<NodeId, Index>();
  /** The newest membership of each node after its last turn. */
  readonly #newest = new Map<NodeId, Membership>();
  /** What was in force at the first node that knew of the last commit. */
  #inForce: Membership;

  constructor(membership: Membership) {
    this.#inForce = membership;
  }

  /** The highest index that any node has ever known to be committed. */
  get committed(): Index {
    return this.#committed.length - 1;
  }

  /** The last term in which anything was committed. */
  get committedTerm(): Term {
    return this.#committed.at(-1) ?? 0;
  }

  /** How many terms have had a leader. */
  get leaders(): number {
    return this.#leaders.size;
  }

  /** Nobody is told of two votes of one node in one term, before and after any crash. */
  sent(from: NodeId, to: NodeId, message: Message): void {
    if (message.kind === "voteResponse" && message.granted) this.#voted(from, message.term, to);
    if (message.kind === "voteRequest") this.#voted(from, message.term, from);
  }

  /** Election Safety, Log Matching and Leader Completeness, whenever something is appended or somebody leads. */
  effects(node: TestNode, effects: Effects): void {
    for (const entry of effects.persist?.append ?? []) this.#appended(node, entry);
    if (effects.role?.role === "leader") this.#leads(node, effects.role.term);
    this.#checkCommitRule(node);
    this.#checkCommit(node);
    this.#newest.set(node.id, node.raft.status().membership);
  }

  /** State Machine Safety: at the same index all have applied the same. */
  applied(state: FoldedState): void {
    const known = this.#checksums.get(state.index);
    expectThat(known === undefined || known === state.checksum, `one state at index ${state.index}`);
    this.#checksums.set(state.index, state.checksum);
  }

  /**
   * After each step: what has become known as committed is the same for all, and on the disks of a quorum of the
   * membership that was in force; and no log holds two membership entries that are not committed.
   */
  check(nodes: ReadonlyMap<NodeId, TestNode>, live: readonly TestNode[]): void {
    for (const node of live) this.#checkCommit(node);
    this.#checkQuorum(nodes);
    const newest = live.reduce((best, node) => Math.max(best, termOf(node)), 0);
    for (const node of live) {
      if (termOf(node) === newest) checkMatches(node, nodes);
      this.#checkOneChange(node);
    }
  }

  /** A restarted node may know less than before it crashed. */
  restarted(id: NodeId): void {
    this.#commits.delete(id);
    this.#newest.delete(id);
  }

  #voted(voter: NodeId, term: Term, candidate: NodeId): void {
    const key = `${voter} in ${term}`;
    const before = this.#votes.get(key);
    expectThat(before === undefined || before === candidate, `one vote of ${key}: ${before}, then ${candidate}`);
    this.#votes.set(key, candidate);
  }

  #appended(node: TestNode, entry: Entry): void {
    const key = `${entry.index}@${entry.term}`;
    const before = node.raft.termAt(entry.index - 1);
    const content = `${describeEntry(entry)} after ${before}`;
    const known = this.#entries.get(key);
    expectThat(known === undefined || known === content, `one entry ${key}: ${known}, then ${content}`);
    this.#entries.set(key, content);
  }

  #leads(node: TestNode, term: Term): void {
    const known = this.#leaders.get(term);
    expectThat(known === undefined || known === node.id, `one leader in term ${term}: ${known}, then ${node.id}`);
    this.#leaders.set(term, node.id);
    const { base } = node.raft.status();
    for (const [index, committed] of this.#committed.entries()) {
      if (index < base.index) continue;
      expectThat(node.raft.termAt(index) === committed, `leader ${node.id} holds the committed ${index}@${committed}`);
    }
  }

  /** A leader moves the commit index only to entries of its own term (section 5.4.2). */
  #checkCommitRule(node: TestNode): void {
    const { role, hardState } = node.raft.status();
    const { term, commit } = hardState;
    if (role !== "leader") return;
    const key = `${node.id} in ${term}`;
    const atStart = this.#commitsAtStart.get(key) ?? commit;
    this.#commitsAtStart.set(key, atStart);
    expectThat(commit === atStart || node.raft.termAt(commit) === term, `leader ${key} commits an entry of its term`);
  }

  #checkQuorum(nodes: ReadonlyMap<NodeId, TestNode>): void {
    const { committed } = this;
    const term = this.#committed[committed];
    const isDurable = (id: NodeId) => {
      const disk = nodes.get(id)?.disk;
      return disk !== undefined && (disk.base.index > committed || disk.termAt(committed) === term);
    };
    expectThat(majoritiesOf(this.#inForce, isDurable), `${committed}@${term} is committed, so on a quorum's disks`);
  }

  /** A change begins when the one before it is committed. What is known of commits here, some leader knew. */
  #checkOneChange({ id, disk }: TestNode): void {
    const from = Math.max(this.committed, disk.base.index) + 1;
    if (from > disk.lastIndex) return;
    const entries = disk.entries(from, disk.lastIndex, Number.POSITIVE_INFINITY);
    const changes = entries.filter((entry) => entry.kind === "membership").length;
    expectThat(changes <= 1, `at most one change of the membership is not committed in the log of ${id}`);
  }

  #checkCommit(node: TestNode): void {
    const { base, hardState, membership } = node.raft.status();
    const before = this.#commits.get(node.id) ?? 0;
    expectThat(hardState.commit >= before, `the commit index of ${node.id} does not go back`);
    // Who commits first leads. What it appends in the same turn, after the commit, was not in force yet.
    if (hardState.commit > this.committed) this.#inForce = this.#newest.get(node.id) ?? membership;
    for (let index = Math.max(before + 1, base.index); index <= hardState.commit; index++) {
      this.#commit({ index, term: node.raft.termAt(index) ?? -1 });
    }
    this.#commits.set(node.id, hardState.commit);
  }

  #commit({ index, term }: EntryId): void {
    const known = this.#committed[index];
    expectThat(known === undefined || known === term, `one commit at ${index}: term ${known}, then ${term}`);
    expectThat(index <= this.#committed.length, `commits are known without gaps up to ${index}`);
    this.#committed[index] = term;
  }
}

/** A leader never credits a follower with more than its disk holds. */
function checkMatches(node: TestNode, nodes: ReadonlyMap<NodeId, TestNode>): void {
  for (const { id, match } of node.raft.status().progress) {
    const disk = nodes.get(id)?.disk;
    if (disk === undefined || match <= disk.base.index) continue;
    const holds = disk.termAt(match) === node.raft.termAt(match) || match < node.raft.status().base.index;
    expectThat(holds, `follower ${id} holds what leader ${node.id} takes it to match: ${match}`);
  }
}

/** Reckons for itself: the code under test must not be its own judge. */
function majoritiesOf({ voters, outgoingVoters }: Membership, holds: (id: NodeId) => boolean): boolean {
  return [voters, outgoingVoters].every((set) => set.length === 0 || set.filter(holds).length * 2 > set.length);
}

function termOf(node: TestNode): Term {
  return node.raft.status().hardState.term;
}

function expectThat(holds: boolean, property: string): void {
  if (!holds) throw new PropertyViolation(`Violated: ${property}`);
}
