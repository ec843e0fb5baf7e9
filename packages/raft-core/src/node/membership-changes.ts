import type { ProposalOutcome } from "../algorithm/effects.ts";
import type { EntryId, Index, Term } from "../algorithm/entry.ts";
import type { ProposalId } from "../algorithm/input.ts";
import type { Membership } from "../algorithm/membership.ts";
import { isJoint } from "../algorithm/membership-tracker.ts";
import { dropped, superseded } from "./lost-proposals.ts";
import { RaftError } from "./raft-error.ts";

interface Waiter {
  /** Not done before the joint membership that it has made, if it has, is left. */
  readonly untilLeft: boolean;
  resolve(membership: Membership): void;
  reject(error: unknown): void;
  /** Its entry in the log; undefined until it is appended. */
  entry: EntryId | undefined;
  /** What its entry made of the membership; undefined until that is committed. */
  made: Membership | undefined;
}

/** What has become of the log. */
export interface CommitView {
  readonly commit: Index;
  readonly committedMembership: Membership;
  termAt(index: Index): Term | undefined;
  /** For an index whose term is known. */
  membershipAt(index: Index): Membership;
}

/**
 * Calls that change the membership and wait for that to be committed. They wait through changes of leadership: whatever
 * leads next decides what becomes of the entry, and a member hears of it. Whoever was to be removed may never do.
 */
export class MembershipChanges {
  readonly #waiters = new Map<ProposalId, Waiter>();

  /** `untilLeft`: resolves only once a joint membership is left too. */
  add(id: ProposalId, untilLeft: boolean, signal: AbortSignal): Promise<Membership> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.reject(signal.reason);
      const settled = () => {
        this.#waiters.delete(id);
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        untilLeft,
        entry: undefined,
        made: undefined,
        resolve: (membership) => {
          settled();
          resolve(membership);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      this.#waiters.set(id, waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  settle(outcome: ProposalOutcome): void {
    const waiter = this.#waiters.get(outcome.id);
    if (waiter === undefined) return;
    if (outcome.kind === "appended") waiter.entry = outcome.first;
    else waiter.reject(dropped(outcome));
  }

  /** To be called when the commit index may have moved, and before the log is compacted up to it. */
  committed(view: () => CommitView): void {
    if (this.#waiters.size === 0) return;
    const now = view();
    for (const waiter of [...this.#waiters.values()]) advance(waiter, now);
  }

  /** This node is no member by its own log, and has heard from nobody for so long that it would lead. */
  unheard(): void {
    for (const waiter of [...this.#waiters.values()]) if (waiter.entry !== undefined) waiter.reject(leftOut());
  }

  /** Ends every wait: with `submitted` what never reached the log, with `appended` what did. */
  rejectAll(submitted: RaftError, appended: RaftError): void {
    for (const waiter of [...this.#waiters.values()]) waiter.reject(waiter.entry === undefined ? submitted : appended);
  }
}

function advance(waiter: Waiter, { commit, committedMembership, termAt, membershipAt }: CommitView): void {
  const { entry } = waiter;
  if (entry === undefined) return;
  if (entry.index > commit) {
    // Behind what is committed in a later term nothing of an earlier one ever stands: no need to wait for that index.
    const term = termAt(commit);
    if (term !== undefined && term > entry.term) waiter.reject(superseded({ index: commit, term }));
    return;
  }
  if (waiter.made === undefined) {
    const term = termAt(entry.index);
    if (term !== entry.term) {
      waiter.reject(term === undefined ? replaced() : superseded({ index: entry.index, term }));
      return;
    }
    waiter.made = membershipAt(entry.index);
  }
  if (!waiter.untilLeft || !isStill(waiter.made, committedMembership)) waiter.resolve(committedMembership);
}

/** A node that hears late of much at once may find another joint membership in the place of the one that was left. */
function isStill(made: Membership, now: Membership): boolean {
  return isJoint(made) && made.outgoingVoters.join() === now.outgoingVoters.join();
}

function replaced(): RaftError {
  return new RaftError("outcomeUnknown", "a snapshot replaced the log: look at the membership for what became of it");
}

function leftOut(): RaftError {
  const message =
    "this node was to be removed, does not lead any more, and hears from nobody what became of that: ask another node for " +
    "the membership";
  return new RaftError("outcomeUnknown", message);
}
