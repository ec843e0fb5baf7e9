import type { NodeId } from "@raftkv/raft-core";
import type { Compared } from "./consistency-check.ts";
import { differsFrom, type FirstDifference, type Marks } from "./first-difference.ts";
import type { WholeMark } from "./peer-inspection.ts";

/** What a node knows of its own state. */
export interface OwnState {
  readonly marks: Pick<Marks, "at">;
  readonly checks: { readonly last: WholeMark | undefined };
}

/** Whether both are of one entry, and not the same. */
export function isOtherWhole(own: WholeMark | undefined, other: WholeMark | undefined): boolean {
  if (own === undefined || other === undefined || own.index !== other.index) return false;
  return Buffer.compare(own.fingerprint, other.fingerprint) !== 0;
}

/** A majority of the voters, this node not among them, that agree on what this node's state is not. */
export function majorityAgainst(
  heard: readonly Compared[],
  voters: readonly NodeId[],
  own: OwnState,
): readonly NodeId[] | undefined {
  const votes = new Map<string, Set<NodeId>>();
  const vote = (what: string, id: NodeId) => votes.set(what, (votes.get(what) ?? new Set()).add(id));
  for (const { member, marks, whole } of heard) {
    for (const mark of marks) {
      if (differsFrom(own.marks.at(mark.index), mark)) vote(`${mark.index}/${mark.revision}/${mark.hash}`, member.id);
    }
    if (whole !== undefined && isOtherWhole(own.checks.last, whole)) {
      vote(`whole/${whole.index}/${Buffer.from(whole.fingerprint).toString("hex")}`, member.id);
    }
  }
  for (const ids of votes.values()) {
    const agreeing = voters.filter((id) => ids.has(id));
    if (agreeing.length > voters.length / 2) return agreeing.toSorted((a, b) => a - b);
  }
  return undefined;
}

/** `difference` undefined: all changes were the same, as far as is known, and only the whole state differs. */
export function sinceText(difference: FirstDifference | undefined, whole: WholeMark | undefined): string {
  if (difference === undefined) {
    const when = whole === undefined ? "" : ` at revision ${whole.revision} (index ${whole.index})`;
    return `in what its database holds, though not in what was done to it, as a check of all of it has found${when}`;
  }
  const { good, bad, revision, sameChanges } = difference;
  if (revision !== undefined) return `from revision ${revision} on (index ${bad.index})`;
  if (good === undefined) return `from revision ${bad.revision} (index ${bad.index}) or earlier on`;
  if (sameChanges) return `in its sessions or leases from index ${bad.index} on, at revision ${bad.revision}`;
  return `from a revision after ${good.revision} and up to ${bad.revision} on (index ${good.index} to ${bad.index})`;
}

export function damagedText(self: NodeId, majority: readonly NodeId[], since: string): string {
  return (
    `the state of node ${self} differs from that of a majority, ${named(majority)}, ${since}: this node's is damaged, and it ` +
    "serves nothing any more. Keep its data directory for a look, and put a new node in its place " +
    `(start one with --join, and run raftkv member replace ${self} ADDRESS)`
  );
}

export function differenceText(self: NodeId, ids: readonly NodeId[], since: string): string {
  return (
    `the state of node ${self} differs from that of ${named(ids)} ${since}: one of them is damaged; ` +
    "whichever a majority contradicts stops by itself"
  );
}

function named(ids: readonly NodeId[]): string {
  return ids.length === 1 ? `node ${ids[0]}` : `nodes ${ids.join(", ")}`;
}
