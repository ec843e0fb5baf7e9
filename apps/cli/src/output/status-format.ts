import type { MemberStatus } from "@raftkv/kv-client";
import Table from "cli-table3";

const head = ["ID", "ADDRESS", "ROLE", "TERM", "LEADER", "COMMIT", "APPLIED", "REVISION", "LOG", "STATE"];

/** A table, a row a member. What a member does not say itself is left open. */
export function statusTable(members: readonly MemberStatus[]): string {
  const table = new Table({ head, style: { head: [], border: [] }, colAligns: head.map(alignment) });
  for (const member of members) table.push(row(member));
  return `${table.toString()}\n${unreachable(members)}`;
}

function row({ nodeId, address, learner, status }: MemberStatus): string[] {
  if (status === undefined) return [String(nodeId), address, "unreachable", "", "", "", "", "", "", ""];
  return [
    String(nodeId),
    address,
    learner ? "learner" : status.role,
    String(status.term),
    status.leaderId === undefined ? "none" : String(status.leaderId),
    String(status.commitIndex),
    String(status.appliedIndex),
    String(status.revision),
    formatBytes(status.logBytes),
    formatBytes(status.stateBytes),
  ];
}

/** Why a member has no row of its own to show. */
function unreachable(members: readonly MemberStatus[]): string {
  return members
    .filter((member) => member.error !== undefined)
    .map(({ nodeId, error }) => `node ${nodeId}: ${error?.message}\n`)
    .join("");
}

/** One object a member: what it says of itself, or `error`. */
export function statusJson(members: readonly MemberStatus[]): string {
  const objects = members.map(({ status, error, ...member }) => ({
    ...member,
    ...(status === undefined ? { error: error?.message } : withoutMembers(status)),
  }));
  return `${JSON.stringify(objects)}\n`;
}

function withoutMembers({ members: _, ...status }: NonNullable<MemberStatus["status"]>): object {
  return status;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** With at most one decimal: `0 B`, `1.5 KiB`, `12 MiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  const digits = power === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[power]}`;
}

function alignment(column: string): "left" | "right" {
  return ["ADDRESS", "ROLE"].includes(column) ? "left" : "right";
}
