import {
  type InspectedNode,
  type Member,
  type Membership,
  type MembershipStep,
  type NodeStatus,
  RaftKvError,
  type Replication,
} from "@raftkv/kv-client/admin";
import type { Cluster, Pace } from "../membership/cluster.ts";

const clusterId = "cluster-a";

/** A membership that changes at once, whose learners come nearer with each look at the leader. */
export class FakeCluster implements Cluster {
  members: Member[];
  leaderId = 1;
  term = 1;
  lastIndex = 100;
  joint = false;
  leavesOnRequest = false;
  membershipCommitted = true;
  /** How many entries a learner gets between two looks. */
  entriesALook = 40;
  readonly silent = new Set<number>();
  /** Nodes that wait to be added, or say that they belong to a cluster. */
  readonly listening = new Map<string, { readonly memberId: string; clusterId?: string }>();
  /** Each request that is not a look. */
  readonly asked: string[] = [];
  readonly #matches = new Map<number, number>();
  /** Called before each look at the leader; throws where there is none. */
  onLook: (look: number) => void = () => undefined;
  /** Called before each change; throws where it is refused. `make` makes the change all the same. */
  onChange: (step: MembershipStep, make: () => void) => void = () => undefined;
  #looks = 0;

  constructor(voters = 3) {
    this.members = Array.from({ length: voters }, (_, position) => this.member(position + 1));
  }

  member(nodeId: number, more: Partial<Member> = {}): Member {
    return {
      nodeId,
      address: `n${nodeId}:1`,
      memberId: `member-${nodeId}`,
      learner: false,
      promoteWhenCaughtUp: false,
      leaving: false,
      priority: 0,
      ...more,
    };
  }

  /** A node waits at its address to be added. */
  waits(nodeId: number): string {
    const { address, memberId } = this.member(nodeId);
    this.listening.set(address, { memberId });
    return address;
  }

  /** In short: "1 2 3 4?", where ? marks a learner. */
  get text(): string {
    return this.members.map(({ nodeId, learner }) => `${nodeId}${learner ? "?" : ""}`).join(" ");
  }

  async leader(): Promise<NodeStatus> {
    this.onLook(++this.#looks);
    for (const { nodeId, learner } of this.members) {
      if (learner && !this.silent.has(nodeId)) this.#advance(nodeId);
    }
    const status: NodeStatus = {
      clusterId,
      nodeId: this.leaderId,
      memberId: `member-${this.leaderId}`,
      address: `n${this.leaderId}:1`,
      version: "1.0.0",
      role: "leader",
      term: this.term,
      leaderId: this.leaderId,
      commitIndex: this.lastIndex,
      appliedIndex: this.lastIndex,
      durableIndex: 0,
      firstIndex: 1,
      lastIndex: this.lastIndex,
      revision: 0,
      earliestRevision: 0,
      applyVersion: 2,
      logBytes: 0,
      stateBytes: 0,
      stateBytesInUse: 0,
      sessions: 0,
      leases: 0,
      watches: 0,
      lockCalls: 0,
      quotaBytes: undefined,
      differingNodeIds: [],
      snapshotBytes: 0,
      members: [...this.members],
      joint: this.joint,
      leavesOnRequest: this.leavesOnRequest,
      membershipCommitted: this.membershipCommitted,
      transferringTo: undefined,
      replication: this.#replication(),
    };
    return status;
  }

  async inspectAddress(address: string): Promise<InspectedNode> {
    const found = this.listening.get(address);
    if (found === undefined) throw new RaftKvError("PEER_UNREACHABLE", `nobody answers at ${address}`);
    return { nodeId: 0, memberId: found.memberId, clusterId: found.clusterId };
  }

  async changeMembership(steps: readonly MembershipStep[]): Promise<Membership> {
    for (const step of steps) {
      this.asked.push(describe(step));
      this.onChange(step, () => this.#make(step));
      this.#make(step);
    }
    return { members: [...this.members], joint: this.joint };
  }

  #advance(nodeId: number): void {
    this.#matches.set(nodeId, Math.min(this.lastIndex, (this.#matches.get(nodeId) ?? 0) + this.entriesALook));
  }

  #replication(): readonly Replication[] {
    return this.members
      .filter(({ nodeId }) => nodeId !== this.leaderId)
      .map(({ nodeId, learner }) => {
        const matchIndex = learner ? (this.#matches.get(nodeId) ?? 0) : this.lastIndex;
        return {
          nodeId,
          state: this.silent.has(nodeId) ? "probe" : "replicate",
          matchIndex,
          nextIndex: matchIndex + 1,
          lagEntries: this.lastIndex - matchIndex,
          recentlyActive: !this.silent.has(nodeId),
          snapshot: undefined,
        };
      });
  }

  #make(step: MembershipStep): void {
    if (step.kind === "addLearner" || step.kind === "addVoter") this.#add(step);
    if (step.kind === "promote") this.#promote(step.nodeId);
    if (step.kind === "remove") this.#remove(step.nodeId);
    if (step.kind === "replace") {
      this.#promote(step.by);
      this.#remove(step.nodeId);
    }
  }

  #add(step: Extract<MembershipStep, { readonly kind: "addLearner" | "addVoter" }>): void {
    const { memberId = "" } = this.listening.get(step.address) ?? {};
    const nodeId = Number(/^n(\d+):/.exec(step.address)?.[1]);
    const { promoteWhenCaughtUp = false } = step.kind === "addLearner" ? step : {};
    const more = { memberId, learner: step.kind === "addLearner", promoteWhenCaughtUp, priority: step.priority ?? 0 };
    this.members.push(this.member(nodeId, more));
    this.listening.set(step.address, { memberId, clusterId });
  }

  #promote(nodeId: number): void {
    this.members = this.members.map((member) => (member.nodeId === nodeId ? { ...member, learner: false } : member));
  }

  #remove(nodeId: number): void {
    this.members = this.members.filter((member) => member.nodeId !== nodeId);
  }
}

/** Time that passes only while somebody waits. */
export class FakePace implements Pace {
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  async wait(ms: number): Promise<void> {
    this.#nowMs += ms;
  }
}

function describe(step: MembershipStep): string {
  switch (step.kind) {
    case "addLearner":
    case "addVoter":
      return `${step.kind} ${step.address}`;
    case "replace":
      return `replace ${step.nodeId} by ${step.by}`;
    default:
      return `${step.kind} ${step.nodeId}`;
  }
}
