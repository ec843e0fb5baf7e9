import type { Index, Membership, Term } from "@raftkv/raft-core";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/** Of a node, when it was last looked at. */
interface Seen {
  /** Up to here what it calls committed has been judged. */
  readonly checked: Index;
  readonly newest: Membership;
}

/**
 * All nodes that call an index committed hold the same entry there (State Machine Safety; Raft, Figure 3), and from
 * the moment that the first of them does, a quorum of the membership in force has it on its disks: else a crash of all
 * could take it back.
 */
export function commitSafety(): Invariant {
  const seen = new Map<NodeView, Seen>();
  return {
    name: "commit safety",
    looksAt: ["restored", "status"],
    observe(observation, view) {
      if (observation.kind === "restored") seen.delete(view.node(observation.node));
      if (observation.kind !== "status") return;
      const node = view.node(observation.node);
      const { commit, membership, role, term } = observation.status;
      if (commit > node.written.lastIndex) {
        throw new Error(`node ${node.id} has committed ${commit} of a log that ends at ${node.written.lastIndex}`);
      }
      const before = seen.get(node) ?? { checked: 0, newest: membership };
      seen.set(node, { checked: Math.max(commit, before.checked), newest: membership });
      if (commit <= before.checked) return;
      // A turn may commit under one membership and then append the next. Of what others have committed, and did not
      // live to show, a follower knows only that some membership was in force.
      const inForce = () =>
        role === "leader" ? [before.newest, membership] : [before.newest, membership, ...view.membershipsInPlay()];
      const from = Math.max(before.checked, node.written.base.index - 1) + 1;
      for (let index = from; index <= commit; index++) check({ node, in: term }, index, inForce, view);
    },
  };
}

/** Of a node that calls it committed, in its term. */
function check(
  { node, in: committedIn }: { readonly node: NodeView; readonly in: Term },
  index: Index,
  inForce: () => readonly Membership[],
  view: ClusterView,
): void {
  const term = node.written.termAt(index);
  const known = view.committed.get(index);
  if (term === undefined || index === 0) return;
  if (known === undefined) {
    assertOnQuorum(index, term, inForce(), view);
    view.commit(index, term, committedIn);
  } else if (known !== term) {
    throw new Error(`node ${node.id} has committed ${index}@${term}, where ${index}@${known} was committed before`);
  }
}

/** Reckons for itself: the code under test must not be its own judge. */
function assertOnQuorum(index: Index, term: number, inForce: readonly Membership[], view: ClusterView): void {
  const findings = inForce.map((membership) => lackingMajority({ index, term }, membership, view));
  if (findings.includes(undefined)) return;
  throw new Error(`${index}@${term} counts as committed, but ${findings[0]}`);
}

function lackingMajority(
  entry: { readonly index: Index; readonly term: number },
  membership: Membership,
  view: ClusterView,
): string | undefined {
  for (const voters of [membership.voters, membership.outgoingVoters]) {
    const holders = voters.filter((id) => view.diskOf(id, membership).durable.covers(entry));
    if (voters.length === 0 || 2 * holders.length > voters.length) continue;
    return `of the voters ${voters.join(" ")} only ${holders.join(" ") || "none"} hold it on disk`;
  }
  return undefined;
}
