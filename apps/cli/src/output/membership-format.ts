import type { Member, NodeStatus } from "@raftkv/kv-client/admin";
import { describeVoters, votersOf } from "../membership/quorum.ts";
import { textTable } from "./table.ts";

const columns = [
  { name: "ID", align: "right" },
  { name: "ADDRESS" },
  { name: "ROLE" },
  { name: "PRIORITY", align: "right" },
  { name: "MEMBER ID" },
] as const;

/** A table, a row a member, and what the cluster can bear. */
export function membershipTable(status: NodeStatus): string {
  const rows = status.members.map((member) => [
    String(member.nodeId),
    member.address,
    memberRole(member, status),
    String(member.priority),
    member.memberId,
  ]);
  return textTable(columns, rows) + notes(status);
}

/** "voter", "learner, promoted once it has caught up", "voter, leaving". */
function memberRole({ nodeId, learner, promoteWhenCaughtUp, leaving }: Member, { leaderId }: NodeStatus): string {
  if (learner) return promoteWhenCaughtUp ? "learner, promoted once it has caught up" : "learner";
  const name = nodeId === leaderId ? "voter, leads" : "voter";
  return leaving ? `${name}, leaving` : name;
}

function notes(status: NodeStatus): string {
  const from = status.role === "leader" ? [] : [`no leader was reached: this is what node ${status.nodeId} knows`];
  const lines = [describeVoters(votersOf(status.members).length), ...stateNotes(status), ...from];
  return lines.map((line) => `${line}\n`).join("");
}

/** What is not as it is at rest. */
export function stateNotes(status: NodeStatus): readonly string[] {
  const { members, joint, leavesOnRequest, membershipCommitted, leaderId, transferringTo } = status;
  const leaving = members.filter((member) => member.leaving).map(({ nodeId }) => nodeId);
  const nodes = leaving.length === 1 ? "node" : "nodes";
  const going = leaving.length === 0 ? "" : `: ${nodes} ${leaving.join(", ")} may vote until it is left`;
  return [
    ...(joint ? [`the membership is joint${going}`] : []),
    ...(joint && leavesOnRequest ? ["it stays joint until raftkv member leave-joint"] : []),
    ...(membershipCommitted ? [] : ["the newest change of the membership is not committed yet"]),
    ...(leaderId === undefined ? ["nobody leads"] : []),
    ...(transferringTo === undefined ? [] : [`leadership is being handed to node ${transferringTo}`]),
  ];
}

export function membershipJson(status: NodeStatus): string {
  const { clusterId, leaderId, term, members, joint, leavesOnRequest, membershipCommitted } = status;
  const voters = votersOf(members).length;
  return `${JSON.stringify({ clusterId, leaderId, term, joint, leavesOnRequest, membershipCommitted, voters, members })}\n`;
}
