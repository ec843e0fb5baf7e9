import {
  type Consensus,
  type ConsensusStatus,
  type Entry,
  type LeaseAnswer,
  type Member,
  type Membership,
  type MembershipChange,
  type NodeId,
  type PeerProgress,
  RaftError,
  type Role,
} from "@raftkv/raft-core";
import type { ApplyResult } from "../state/answer.ts";
import type { KvStateMachine } from "../state/kv-state-machine.ts";

const MEMBERS: readonly Member[] = [1, 2, 3].map((id) => ({
  id,
  address: `127.0.0.1:5005${id}`,
  memberId: `member-${id}`,
}));

interface Waiting {
  readonly payload: Uint8Array;
  readonly resolve: (result: ApplyResult) => void;
  readonly reject: (error: RaftError) => void;
}

/** Node 1 of three, whose role and progress the test decides. What is proposed is applied, unless the test holds it. */
export class ScriptedConsensus implements Consensus<ApplyResult> {
  readonly #machine: KvStateMachine;
  readonly #listeners = new Set<(status: ConsensusStatus) => void>();
  readonly #memberListeners = new Set<(status: ConsensusStatus) => void>();
  readonly proposed: Uint8Array[] = [];
  readonly waiting: Waiting[] = [];
  readIndexes = 0;
  holding = false;
  refuse: RaftError | undefined;
  readIndexError: RaftError | undefined;
  holdingReads = false;
  readonly changes: MembershipChange[] = [];
  readonly transfers: (NodeId | undefined)[] = [];
  membership: Membership = { voters: [1, 2, 3], outgoingVoters: [], learners: [], members: MEMBERS };
  /** Unless it is the newest one. */
  committedMembership: Membership | undefined;
  transferTo: NodeId | undefined;
  progress: readonly PeerProgress[] = [];
  #role: Role = "leader";
  #term = 1;
  #leader: number | undefined = 1;
  #applied: Promise<unknown> = Promise.resolve();
  #last = 0;

  constructor(machine: KvStateMachine) {
    this.#machine = machine;
  }

  propose(payload: Uint8Array): Promise<ApplyResult> {
    if (this.refuse !== undefined) return Promise.reject(this.refuse);
    this.proposed.push(payload);
    return new Promise((resolve, reject) => {
      this.waiting.push({ payload, resolve, reject });
      if (!this.holding) this.commit();
    });
  }

  /** Applies what is held. */
  commit(): void {
    for (const { payload, resolve } of this.waiting.splice(0)) {
      const entry: Entry = { kind: "command", term: this.#term, index: ++this.#last, payload };
      this.#applied = this.#applied.then(async () => {
        const [result] = await this.#machine.apply([entry]);
        if (result !== undefined) resolve(result);
      });
    }
  }

  async readIndex(signal?: AbortSignal): Promise<number> {
    this.readIndexes++;
    if (this.readIndexError !== undefined) throw this.readIndexError;
    if (this.holdingReads) {
      await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    }
    await this.#applied;
    return this.#machine.appliedIndex();
  }

  /** What `readByLease` does before it reads, and after; undefined: leases are disabled. */
  leases: { readonly holds: () => boolean } | undefined;
  leaseReads = 0;
  staleness = Number.POSITIVE_INFINITY;

  async readByLease<T>(read: () => Promise<T>): Promise<LeaseAnswer<T>> {
    if (this.leases === undefined) throw new RaftError("leasesDisabled", "no leases");
    if (!this.leases.holds()) return { kind: "noLease" };
    this.leaseReads++;
    const answer = await read();
    return this.leases.holds() ? { kind: "answer", answer } : { kind: "noLease" };
  }

  stalenessMs(): number {
    return this.staleness;
  }

  async transferLeadership(to: NodeId | undefined, signal: AbortSignal): Promise<void> {
    this.transfers.push(to);
    await this.#operation(signal);
    this.become("follower", to ?? 2);
  }

  async changeMembership(change: MembershipChange, signal: AbortSignal): Promise<Membership> {
    this.changes.push(change);
    await this.#operation(signal);
    return this.membership;
  }

  async leaveJoint(signal: AbortSignal): Promise<Membership> {
    await this.#operation(signal);
    return this.membership;
  }

  async compactNow(): Promise<void> {
    if (this.refuse !== undefined) throw this.refuse;
    if (this.holding) await new Promise(() => {});
    await this.#machine.flush();
  }

  async #operation(signal: AbortSignal): Promise<void> {
    if (this.refuse !== undefined) throw this.refuse;
    if (!this.holding) return;
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }

  become(role: Role, leader: number | undefined, term = this.#term + 1): void {
    this.#role = role;
    this.#leader = leader;
    this.#term = term;
    for (const listener of this.#listeners) listener(this.status());
    if (role === "leader") return;
    // As of what stands in the log and is not committed.
    for (const { reject } of this.waiting.splice(0)) reject(new RaftError("outcomeUnknown", "leadership was lost"));
  }

  onRoleChange(listener: (status: ConsensusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The members are these from now on. */
  membersAre(members: readonly Member[]): void {
    this.membership = { ...this.membership, members };
    for (const listener of this.#memberListeners) listener(this.status());
  }

  onMembersChange(listener: (status: ConsensusStatus) => void): () => void {
    this.#memberListeners.add(listener);
    return () => this.#memberListeners.delete(listener);
  }

  status(): ConsensusStatus {
    return {
      identity: { nodeId: 1, memberId: "member-1", incarnation: 1, clusterId: "cluster" },
      role: this.#role,
      term: this.#term,
      leader: MEMBERS.find(({ id }) => id === this.#leader),
      commit: this.#last,
      applied: this.#machine.appliedIndex(),
      last: { term: this.#term, index: this.#last },
      hardState: { term: this.#term, votedFor: 1, commit: this.#last },
      membership: this.membership,
      membershipIndex: 0,
      committedMembership: this.committedMembership ?? this.membership,
      foundingMembership: undefined,
      transferTo: this.transferTo,
      progress: this.progress,
    };
  }
}
