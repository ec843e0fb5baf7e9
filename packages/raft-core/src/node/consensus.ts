import type { Role } from "../algorithm/effects.ts";
import type { EntryId, HardState, Index, NodeId, Term } from "../algorithm/entry.ts";
import type { Member, Membership } from "../algorithm/membership.ts";
import type { MembershipChange } from "../algorithm/membership-change.ts";
import type { SnapshotProgress } from "../algorithm/status.ts";
import type { Identity } from "../ports/identity.ts";

/** What the layers above see of consensus. `RaftNode` implements it; tests may put a simpler thing in its place. */
export interface Consensus<Result = unknown> {
  /**
   * Replicates a command and resolves with its result, once it has been applied here. While leadership is being handed over
   * it waits for how that ends; when leadership is lost, whatever is not committed is rejected at once.
   *
   * Rejects with a `RaftError`: `notLeader`, `overloaded`, `tooLarge`, `transferring` and `closed` mean that it certainly never takes effect;
   * `superseded` likewise; `outcomeUnknown` means that nobody here can tell. `failed`: the node has stopped for good;
   * a call made before that may still take effect.
   */
  propose(payload: Uint8Array): Promise<Result>;
  /**
   * Resolves once a linearizable read may be served from the local state; works on any node that knows a leader.
   * Resolves with the index that was waited for. Rejects with `notLeader` (nobody leads just now), `overloaded` (too
   * many reads wait already), `closed`, `failed`, or the signal's reason.
   */
  readIndex(signal?: AbortSignal): Promise<Index>;
  /**
   * Reads the local state by the leader's lease, without asking anybody: linearizable as long as no clock of the cluster
   * runs faster than another by more than the bound that is configured. `read` is called once a lease is known to hold
   * and the state has caught up, and its answer is passed on only if the lease still holds then. `noLease`: this node does
   * not lead, or no quorum has confirmed it lately, or it has begun to hand over; read by `readIndex` then. Rejects with
   * `leasesDisabled`, `overloaded`, `closed`, `failed`, the signal's reason, or what `read` rejects with.
   */
  readByLease<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<LeaseAnswer<T>>;
  /**
   * How far the local state may be behind, at most, in milliseconds: it shows everything that had been acknowledged so
   * long ago. Infinity where this is not known. Each `readIndex` that resolves brings it down.
   */
  stalenessMs(): number;
  /**
   * Hands leadership to `to`, or to the voter that suits best: one that answers, with the highest priority, with the
   * longest log. Resolves once that node leads. Rejects at once, with nothing begun: `notLeader`, `unknownMember` (`to` is
   * no other voter), `targetNotReady` (it does not answer, or needs a snapshot first), `transferring` (to another node,
   * already), `overloaded` (a thousand calls wait already), `closed`, `failed`. Rejects with `transferFailed` when it was given up, after a maximum election timeout at
   * the latest, or when another node leads; a target that was told to take over may do so all the same. The signal's reason:
   * the attempt goes on.
   */
  transferLeadership(to: NodeId | undefined, signal: AbortSignal): Promise<void>;
  /**
   * Changes who takes part. Resolves with the membership once the change is committed and, with an `auto` transition,
   * a joint membership that it went through is left again. Rejects with `notLeader`, `transferring`,
   * `changeInProgress`, `tooEarly` (try again in a moment), `invalidChange`, `wouldLoseQuorum`, `closed` or
   * `superseded`: nothing has changed, and nothing will. `outcomeUnknown`, `failed`, or the signal's reason: the change
   * may still be made; `status().membership` tells.
   */
  changeMembership(change: MembershipChange, signal: AbortSignal): Promise<Membership>;
  /** Leaves a joint membership that an `explicit` transition entered. Resolves and rejects like `changeMembership`. */
  leaveJoint(signal: AbortSignal): Promise<Membership>;
  /**
   * Makes the state durable now, and drops what the log then no longer needs: all but the tail that the policy keeps, and
   * what followers are about to need. Resolves when that is done; rejects with `closed` or `failed`.
   */
  compactNow(): Promise<void>;
  /** A copy of what the node knows: it does not change, and is the same object as long as it says the same. */
  status(): ConsensusStatus;
  /** Calls back on each change of role, term or leader. Returns what ends the subscription. */
  onRoleChange(listener: (status: ConsensusStatus) => void): () => void;
  /** Calls back when the members, or their addresses, are others than before. Returns what ends the subscription. */
  onMembersChange(listener: (status: ConsensusStatus) => void): () => void;
}

export type LeaseAnswer<T> = { readonly kind: "answer"; readonly answer: T } | { readonly kind: "noLease" };

export interface ConsensusStatus {
  readonly identity: Identity;
  readonly role: Role;
  readonly term: Term;
  /** The known leader, with its address. */
  readonly leader: Member | undefined;
  readonly commit: Index;
  readonly applied: Index;
  readonly last: EntryId;
  readonly hardState: HardState;
  /** The newest membership, which is the one in force. */
  readonly membership: Membership;
  /** The index of the entry that holds it, or that of the point from which the log begins with it. */
  readonly membershipIndex: Index;
  /** The membership at the commit index; another than the newest while a change is under way. */
  readonly committedMembership: Membership;
  /** The membership that the cluster was formed with; undefined where the log no longer tells. */
  readonly foundingMembership: Membership | undefined;
  /** On the leader: to whom leadership is being handed. */
  readonly transferTo: NodeId | undefined;
  /** On the leader: how far each peer has come. */
  readonly progress: readonly PeerProgress[];
}

export interface PeerProgress {
  readonly id: NodeId;
  readonly state: "probe" | "replicate" | "snapshot";
  readonly match: Index;
  readonly next: Index;
  readonly recentlyActive: boolean;
  /** The snapshot on its way to it, or the last one that broke off; undefined: it needs none. */
  readonly snapshot: SnapshotProgress | undefined;
}
