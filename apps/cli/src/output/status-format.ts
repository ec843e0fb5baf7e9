import type { MemberStatus, NodeStatus, Replication } from "@raftkv/kv-client/admin";
import { withoutCall } from "../client-message.ts";
import { formatBytes } from "./format-bytes.ts";
import { stateNotes } from "./membership-format.ts";
import { textTable } from "./table.ts";

const columns = [
  { name: "ID", align: "right" },
  { name: "ADDRESS" },
  { name: "ROLE" },
  { name: "TERM", align: "right" },
  { name: "LEADER", align: "right" },
  { name: "COMMIT", align: "right" },
  { name: "APPLIED", align: "right" },
  { name: "REPLICATION" },
  { name: "LAG", align: "right" },
  { name: "REVISION", align: "right" },
  { name: "LOG", align: "right" },
  { name: "STATE", align: "right" },
] as const;

/** A table, a row a member, and what is not as it is at rest. What a member does not say itself is left open. */
export function statusTable(members: readonly MemberStatus[]): string {
  return (
    textTable(columns, members.map(row)) +
    notes(members) +
    usageNote(members) +
    differences(members) +
    unreachable(members)
  );
}

function row({ nodeId, address, learner, status, replication }: MemberStatus): string[] {
  const progress = [describeReplication(replication), replication === undefined ? "" : String(replication.lagEntries)];
  if (status === undefined) return [String(nodeId), address, "unreachable", "", "", "", "", ...progress, "", "", ""];
  return [
    String(nodeId),
    address,
    learner ? "learner" : status.role,
    String(status.term),
    status.leaderId === undefined ? "none" : String(status.leaderId),
    String(status.commitIndex),
    String(status.appliedIndex),
    ...progress,
    String(status.revision),
    formatBytes(status.logBytes),
    formatBytes(status.stateBytes),
  ];
}

/** "replicate", "snapshot 45%", "probe, silent". */
function describeReplication(replication: Replication | undefined): string {
  if (replication === undefined) return "";
  const { state, snapshot, recentlyActive } = replication;
  const percent = snapshot === undefined ? "" : ` ${Math.floor((100 * snapshot.bytesSent) / snapshot.bytes)}%`;
  return `${state}${state === "snapshot" ? percent : ""}${recentlyActive ? "" : ", silent"}`;
}

function notes(members: readonly MemberStatus[]): string {
  const leader = leaderOf(members);
  const lines = leader === undefined ? ["no leader was reached"] : [...stateNotes(leader), ...quotaNotes(leader)];
  return lines.map((line) => `${line}\n`).join("");
}

/** Who uses the cluster: as the one sees it who has come furthest, and of each node what waits there. */
function usageNote(members: readonly MemberStatus[]): string {
  const statuses = members.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const [furthest] = statuses.toSorted((a, b) => b.appliedIndex - a.appliedIndex);
  if (furthest === undefined) return "";
  const { sessions, leases } = furthest;
  const onNodes = (count: (status: NodeStatus) => number): string =>
    statuses
      .filter((status) => count(status) > 0)
      .map((status) => `${count(status)} on node ${status.nodeId}`)
      .join(", ");
  const parts = {
    sessions: sessions > 0 ? `${sessions}` : "",
    leases: leases > 0 ? `${leases}` : "",
    watches: onNodes(({ watches }) => watches),
    "calls for locks and elections": onNodes(({ lockCalls }) => lockCalls),
  };
  const told = Object.entries(parts).filter(([, count]) => count !== "");
  return told.length === 0 ? "" : `${told.map(([name, count]) => `${name}: ${count}`).join("; ")}\n`;
}

function differences(members: readonly MemberStatus[]): string {
  return members
    .flatMap(({ status }) => (status === undefined || status.differingNodeIds.length === 0 ? [] : [status]))
    .map(({ nodeId, differingNodeIds: ids }) => {
      const others = `${ids.length === 1 ? "node" : "nodes"} ${ids.join(", ")}`;
      return `the state of node ${nodeId} differs from that of ${others}: one of them is damaged; their logs say more\n`;
    })
    .join("");
}

/** Said from four fifths on, so that there is time to do something. */
function quotaNotes({ stateBytesInUse, quotaBytes }: NodeStatus): readonly string[] {
  if (quotaBytes === undefined || stateBytesInUse < quotaBytes * 0.8) return [];
  const use = `${formatBytes(stateBytesInUse)} of its quota of ${formatBytes(quotaBytes)}`;
  if (stateBytesInUse < quotaBytes) return [`the store uses ${use}`];
  return [`the store uses ${use}: only deletes and compaction are taken, until there is room`];
}

/** Of several that take themselves for the leader, the one in the highest term. */
function leaderOf(members: readonly MemberStatus[]): NodeStatus | undefined {
  const leaders = members.flatMap(({ status }) => (status?.role === "leader" ? [status] : []));
  return leaders.toSorted((a, b) => b.term - a.term)[0];
}

/** Why a member has no row of its own to show. */
function unreachable(members: readonly MemberStatus[]): string {
  return members
    .filter((member) => member.error !== undefined)
    .map(({ nodeId, error }) => `node ${nodeId}: ${withoutCall(error?.message ?? "")}\n`)
    .join("");
}

/** One object a member: what it says of itself, or `error`, and how far it has come as the leader sees it. */
export function statusJson(members: readonly MemberStatus[]): string {
  const objects = members.map(({ status, error, replication, ...member }) => ({
    ...member,
    ...(status === undefined ? { error: withoutCall(error?.message ?? "") } : ownWords(status)),
    ...(replication === undefined ? {} : { replication: withoutNodeId(replication) }),
  }));
  return `${JSON.stringify(objects)}\n`;
}

function ownWords({ members: _, replication: __, ...status }: NodeStatus): object {
  return status;
}

function withoutNodeId({ nodeId: _, ...replication }: Replication): object {
  return replication;
}
