import type { DropReason, ProposalOutcome } from "../algorithm/effects.ts";
import type { EntryId } from "../algorithm/entry.ts";
import { RaftError } from "./raft-error.ts";

/** Another entry is committed where the proposal stood. */
export function superseded(entry: EntryId): RaftError {
  const at = `term ${entry.term} at index ${entry.index}`;
  return new RaftError("superseded", `another leader's entry, of ${at}, took the proposal's place: it took no effect`);
}

const dropMessages: Record<DropReason, string> = {
  notLeader: "this node does not lead",
  overloaded: "too much is waiting to be committed: try again after a while",
  transferring: "leadership is being handed over: try again at the next leader",
  tooLarge: "the command is larger than the log takes in one entry",
  changeInProgress: "the membership is being changed already: try again when that is done",
  tooEarly: "this node leads only just now: try again in a moment",
  invalidChange: "the membership cannot be changed like that",
  wouldLoseQuorum: "the change would leave the cluster without a quorum: bring these nodes back first, or force it",
};

/** The proposal never reached the log. */
export function dropped({ reason, leader, detail }: ProposalOutcome & { readonly kind: "dropped" }): RaftError {
  const where = reason === "notLeader" && leader !== undefined ? `; node ${leader} does` : "";
  const why = detail === undefined ? "" : ` (${detail})`;
  return new RaftError(reason, dropMessages[reason] + where + why, { leader });
}
