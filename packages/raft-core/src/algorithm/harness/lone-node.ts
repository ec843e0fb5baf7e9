import type { Effects, LeadershipNotice, ProposalOutcome, ReadOutcome, Role, TransferOutcome } from "../effects.ts";
import type { Entry, Index, NodeId, Term } from "../entry.ts";
import type { Input } from "../input.ts";
import type { Membership } from "../membership.ts";
import type { MembershipStep } from "../membership-change.ts";
import type { AppendRequest, HeartbeatRequest, Message, VoteRequest } from "../message.ts";
import type { RaftStatus } from "../status.ts";
import { type TestConfig, testConfig, testMembership } from "./settings.ts";
import { TestNode } from "./test-node.ts";

interface Start {
  /** Node 1 unless said otherwise. */
  readonly id?: NodeId;
  /** Voters 1, 2 and 3 unless said otherwise. */
  readonly membership?: Membership;
  /** The terms of the entries in its log. */
  readonly log?: readonly Term[];
  /** That of the last entry unless said otherwise. */
  readonly term?: Term;
  readonly votedFor?: NodeId;
  readonly votedForMemberId?: string;
  /** The longest promise for leases that is on its disk. */
  readonly promiseMs?: number;
  readonly commit?: Index;
  /** Where in [min, max) each election timeout is drawn, from 0 to 1. */
  readonly chance?: () => number;
  readonly config?: Partial<TestConfig>;
}

interface Sent {
  readonly to: NodeId;
  readonly message: Message;
}

/**
 * One node, with a disk, whose fellows the test plays itself: it says what they say, and looks at what the node
 * answers. The disk is fast unless it is slowed down.
 */
export class LoneNode {
  readonly node: TestNode;
  #sent: Sent[] = [];
  #snapshots: NodeId[] = [];
  #outcomes: ProposalOutcome[] = [];
  #reads: ReadOutcome[] = [];
  #transfers: TransferOutcome[] = [];
  #notices: LeadershipNotice[] = [];
  #nextId = 1;

  constructor(start: Start = {}) {
    const { id = 1, membership = testMembership([1, 2, 3]), log = [], votedFor, commit = 0, chance = () => 0 } = start;
    const config = { ...testConfig, ...start.config, nodeId: id };
    this.node = new TestNode(
      config,
      { index: 0, term: 0, membership },
      { next: chance },
      {
        message: (_, to, message) => this.#sent.push({ to, message }),
        snapshot: (_, to) => this.#snapshots.push(to),
        effects: (_, effects) => this.#note(effects),
        applied: () => {},
      },
    );
    const append = log.map((term, position): Entry => command(position + 1, term));
    const term = start.term ?? log.at(-1) ?? 0;
    if (term === 0 && append.length === 0) return;
    const { votedForMemberId, promiseMs } = start;
    const recorded = {
      ...(votedForMemberId === undefined ? {} : { votedForMemberId }),
      ...(promiseMs === undefined ? {} : { promiseMs }),
    };
    this.node.disk.write({ id: 0, hardState: { term, votedFor, ...recorded, commit }, append });
    this.node.restart();
  }

  get status(): RaftStatus {
    return this.node.raft.status();
  }

  get role(): Role {
    return this.status.role;
  }

  get term(): Term {
    return this.status.hardState.term;
  }

  get commit(): Index {
    return this.status.hardState.commit;
  }

  /** What the state machine has applied. */
  get applied(): Index {
    return this.node.state.index;
  }

  /** The terms of the entries in the log, from the first on. */
  get log(): readonly (Term | undefined)[] {
    return Array.from({ length: this.status.last.index }, (_, position) => this.node.raft.termAt(position + 1));
  }

  step(...inputs: readonly Input[]): this {
    this.node.step(...inputs);
    return this;
  }

  tick(elapsedMs: number): this {
    return this.step({ kind: "tick", elapsedMs });
  }

  /** `fromMemberId`: the sender's data directory; undefined where the transport cannot tell. */
  hear(from: NodeId, message: Message, fromMemberId?: string): this {
    return this.step({ kind: "message", from, fromMemberId, message });
  }

  propose(...texts: readonly string[]): ProposalOutcome | undefined {
    const payloads = texts.map((text) => new TextEncoder().encode(text));
    this.step({ kind: "propose", id: this.#nextId++, payloads });
    return this.#outcomes.at(-1);
  }

  change(...steps: readonly MembershipStep[]): ProposalOutcome | undefined {
    this.step({ kind: "changeMembership", id: this.#nextId++, change: { steps, transition: "auto", force: true } });
    return this.#outcomes.at(-1);
  }

  read(): this {
    return this.step({ kind: "readIndex", id: this.#nextId++ });
  }

  /** What has become of reads since this was last asked. */
  takeReads(): readonly ReadOutcome[] {
    return this.#reads.splice(0);
  }

  /** Asks for leadership to move: to `to`, or to whom it suits best. */
  transfer(to?: NodeId): this {
    return this.step({ kind: "transferLeadership", id: this.#nextId++, to });
  }

  /** What has become of transfers since this was last asked. */
  takeTransfers(): readonly TransferOutcome[] {
    return this.#transfers.splice(0);
  }

  takeNotices(): readonly LeadershipNotice[] {
    return this.#notices.splice(0);
  }

  /** What has left since this was last asked; a message that waits for the disk has not. */
  takeSent(): readonly Sent[] {
    return this.#sent.splice(0);
  }

  /** The messages of one kind among them. */
  takeSentOf<Kind extends Message["kind"]>(kind: Kind): readonly { to: NodeId; message: MessageOf<Kind> }[] {
    return this.takeSent().filter((sent): sent is { to: NodeId; message: MessageOf<Kind> } => {
      return sent.message.kind === kind;
    });
  }

  /** To whom a snapshot was to be sent since this was last asked. */
  takeSnapshots(): readonly NodeId[] {
    return this.#snapshots.splice(0);
  }

  /** Campaigns, with the pre-votes of `voters`; it is a candidate then, whose requests have left. */
  campaign(...voters: readonly NodeId[]): this {
    this.step({ kind: "campaign" });
    const campaignTerm = this.term + 1;
    const { term } = this;
    for (const voter of voters) this.hear(voter, { kind: "preVoteResponse", term, campaignTerm, granted: true });
    return this;
  }

  /** Campaigns, and is elected by `voters`. */
  elect(...voters: readonly NodeId[]): this {
    this.campaign(...voters);
    const { term } = this;
    for (const voter of voters) this.hear(voter, { kind: "voteResponse", term, granted: true });
    return this;
  }

  /** `from` acknowledges everything up to `match`. */
  acknowledge(from: NodeId, match: Index = this.status.last.index): this {
    return this.hear(from, { kind: "appendResponse", term: this.term, rejected: false, match });
  }

  /** `voters` answer the last round of heartbeats. */
  beat(...voters: readonly NodeId[]): this {
    const [last] = this.takeSentOf("heartbeatRequest").slice(-1);
    if (last === undefined) throw new Error("No heartbeat has left.");
    const { term, round } = last.message;
    for (const voter of voters) this.hear(voter, { kind: "heartbeatResponse", term, round });
    return this;
  }

  #note({ outcomes, reads, transfers, notices }: Effects): void {
    this.#transfers.push(...transfers);
    this.#notices.push(...notices);
    this.#outcomes.push(...outcomes);
    this.#reads.push(...reads);
  }
}

type MessageOf<Kind extends Message["kind"]> = Extract<Message, { readonly kind: Kind }>;

export function command(index: Index, term: Term): Entry {
  return { kind: "command", index, term, payload: new TextEncoder().encode(`${index}@${term}`) };
}

/** What a leader of `term` sends after the entry `prevIndex`@`prevTerm`. */
export function appendOf(term: Term, rest: Partial<AppendRequest> = {}): AppendRequest {
  return { kind: "appendRequest", term, prevIndex: 0, prevTerm: 0, entries: [], commit: 0, ...rest };
}

export function heartbeatOf(term: Term, commit: Index = 0, round = 1): HeartbeatRequest {
  return { kind: "heartbeatRequest", term, commit, round };
}

/** A candidate of `term` whose log ends with `last`. */
export function voteOf(term: Term, last: { readonly index: Index; readonly term: Term }): VoteRequest {
  return { kind: "voteRequest", term, lastIndex: last.index, lastTerm: last.term, leadershipTransfer: false };
}
