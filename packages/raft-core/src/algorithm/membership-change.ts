import type { NodeId } from "./entry.ts";
import type { Member } from "./membership.ts";

/** What is to become of the membership: its steps take effect together, in one entry of the log. */
export interface MembershipChange {
  /** Each builds on the one before it. */
  readonly steps: readonly MembershipStep[];
  /**
   * `auto`: a change of at most one voter is made in one entry; one of several voters goes through a joint membership,
   * which the leader leaves by itself once it is committed (Raft, section 6). `explicit`: any change of voters goes
   * through a joint membership, which stays until leaving it is asked for.
   */
  readonly transition: "auto" | "explicit";
  /** Makes the change even if the voters that are alive are no quorum of what it leads to. */
  readonly force?: boolean;
}

export type MembershipStep =
  /** A node that is no member yet. `promoteWhenCaughtUp`: the leader makes it a voter as soon as it keeps up. */
  | { readonly kind: "addLearner"; readonly member: Member; readonly promoteWhenCaughtUp?: boolean }
  /** A node that is no member yet; until it has caught up it is one voter more that is missing. */
  | { readonly kind: "addVoter"; readonly member: Member }
  /** A learner becomes a voter. */
  | { readonly kind: "promote"; readonly id: NodeId }
  /** A voter becomes a learner. */
  | { readonly kind: "demote"; readonly id: NodeId }
  | { readonly kind: "remove"; readonly id: NodeId }
  /** The learner `by` becomes a voter, and the voter `id` is removed. */
  | { readonly kind: "replace"; readonly id: NodeId; readonly by: NodeId }
  /** The same node, with the same data, at another address. */
  | { readonly kind: "moveAddress"; readonly id: NodeId; readonly address: string }
  /** A whole number from 0 to 100; see `Member.priority`. It changes nobody's say. */
  | { readonly kind: "setPriority"; readonly id: NodeId; readonly priority: number };
