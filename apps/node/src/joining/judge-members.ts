import type { Formation, Introduction } from "@raftkv/transport-connect";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import type { Newcomer } from "../forming/founder.ts";

/** What was found at an address of `--join`. */
export type MemberAnswer =
  | { readonly kind: "introduced"; readonly address: string; readonly introduction: Introduction }
  | { readonly kind: "unreachable"; readonly address: string; readonly reason: string };

export type JoiningVerdict =
  /** The cluster has this data directory among its members. */
  | { readonly kind: "added"; readonly formation: Formation }
  /** `obstacles`: what an operator has to see to before it can be added; empty: nothing. */
  | { readonly kind: "wait"; readonly obstacles: readonly string[] };

/**
 * Decides what follows from the answers of one round. Throws a `NodeFailure` where the addresses belong to different
 * clusters: nobody can say which one is meant.
 */
export function judgeMembers(self: Newcomer, answers: readonly MemberAnswer[]): JoiningVerdict {
  const formations = answers.flatMap(formationOf);
  requireOneCluster(answers);
  const formation = formations.find(({ membership }) => membership.members.some((member) => isSelf(self, member)));
  if (formation !== undefined) return { kind: "added", formation };
  if (formations.length === 0) return { kind: "wait", obstacles: answers.map(describeSilence) };
  const taken = formations.flatMap(({ membership }) => membership.members).find(({ id }) => id === self.nodeId);
  if (taken === undefined) return { kind: "wait", obstacles: [] };
  const obstacle =
    `the cluster has a node ${self.nodeId} already, at ${taken.address} and with another data directory: remove that ` +
    `one first (raftkv member remove ${self.nodeId}), or start this one under another --id on a fresh data directory`;
  return { kind: "wait", obstacles: [obstacle] };
}

function formationOf(answer: MemberAnswer): readonly Formation[] {
  const formation = answer.kind === "introduced" ? answer.introduction.formation : undefined;
  return formation === undefined ? [] : [formation];
}

function isSelf(self: Newcomer, member: { readonly id: number; readonly memberId: string }): boolean {
  return member.id === self.nodeId && member.memberId === self.memberId;
}

function requireOneCluster(answers: readonly MemberAnswer[]): void {
  const clusters = new Map(
    answers.flatMap((answer) => formationOf(answer).map(({ clusterId }) => [clusterId, answer.address] as const)),
  );
  if (clusters.size < 2) return;
  const found = [...clusters].map(([clusterId, address]) => `${address} to ${clusterId}`).join(", ");
  throw new NodeFailure(exitCodes.usage, `--join: the addresses belong to different clusters (${found})`);
}

function describeSilence(answer: MemberAnswer): string {
  if (answer.kind === "unreachable") return `nobody answers at ${answer.address} (${answer.reason})`;
  return `node ${answer.introduction.nodeId} at ${answer.address} belongs to no cluster yet`;
}
