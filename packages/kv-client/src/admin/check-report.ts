import { type CheckedState, CheckStage } from "@raftkv/proto/cluster";
import { safeInteger } from "../safe-integer.ts";
import type { CheckedMember } from "./checked-member.ts";

/**
 * - `same`: its state is that of the majority of voters; or, where there is no majority, that of all that were compared.
 * - `different`: it is another one than that of the majority; or, where no majority agrees, one of several.
 * - `behind`: it did not come to the entry in time.
 * - `unreachable`: it did not answer.
 * - `unknown`: it could not take part, as it was started or took a snapshot meanwhile.
 */
export type CheckVerdict = "same" | "different" | "behind" | "unreachable" | "unknown";

export interface CheckedNode {
  readonly nodeId: number;
  /** host:port */
  readonly address: string;
  readonly verdict: CheckVerdict;
  /** Undefined where it did not answer. */
  readonly appliedIndex: number | undefined;
  /** Of the state that it has read: undefined where it was not compared. */
  readonly revision: number | undefined;
  /** Keys that exist in it. */
  readonly keys: number | undefined;
  /** SHA-256 over all of it, as hex. */
  readonly fingerprint: string | undefined;
  /** Of a state that is another one: which parts of it are ("history", "keys", "leases", "meta", "writes", "sessions"). */
  readonly differsIn: readonly string[];
  /** Of one whose writes are others: the first that is has a revision after `after`, and up to `upTo`. */
  readonly firstDifference: { readonly after: number; readonly upTo: number } | undefined;
  /** Why it was not compared. */
  readonly reason: string | undefined;
}

export interface CheckReport {
  /** The states were compared as of this entry of the log, … */
  readonly index: number;
  /** … and so of this revision of the store. Undefined where none could be read. */
  readonly revision: number | undefined;
  /** `incomplete`: those that could be compared are the same, and some could not. */
  readonly outcome: "same" | "different" | "incomplete";
  readonly nodes: readonly CheckedNode[];
}

export function report(index: number, members: readonly CheckedMember[]): CheckReport {
  const right = rightState(members);
  const nodes = members.map((member) => nodeOf(member, right, index));
  const verdicts = new Set(nodes.map(({ verdict }) => verdict));
  const outcome = verdicts.has("different")
    ? "different"
    : nodes.every(({ verdict }) => verdict === "same")
      ? "same"
      : "incomplete";
  return { index, revision: nodes.find(({ revision }) => revision !== undefined)?.revision, outcome, nodes };
}

/** What a majority of the voters has; or, where there is none, what everybody has that was compared. */
function rightState(members: readonly CheckedMember[]): CheckedState | undefined {
  const voters = members.filter(({ member }) => !member.learner);
  const compared = members.flatMap(({ checked }) => checked ?? []);
  const [first] = compared;
  if (first !== undefined && compared.every((state) => isSame(state, first))) return first;
  return compared.find((state) => {
    const agreeing = voters.filter(({ checked }) => checked !== undefined && isSame(checked, state));
    return agreeing.length > voters.length / 2;
  });
}

function nodeOf(checkedMember: CheckedMember, right: CheckedState | undefined, index: number): CheckedNode {
  const { member, checked, appliedIndex } = checkedMember;
  const node = { nodeId: member.nodeId, address: member.address, appliedIndex };
  if (checked === undefined) {
    return { ...node, ...NOTHING, ...whyNot(checkedMember, index) };
  }
  return {
    ...node,
    verdict: right !== undefined && isSame(checked, right) ? "same" : "different",
    revision: safeInteger(checked.revision, "revision"),
    keys: safeInteger(checked.keys, "number of keys"),
    fingerprint: Buffer.from(checked.fingerprint).toString("hex"),
    differsIn: right === undefined ? [] : differingParts(checked, right),
    firstDifference: right === undefined ? undefined : firstDifference(checked, right),
    reason: undefined,
  };
}

const NOTHING = {
  revision: undefined,
  keys: undefined,
  fingerprint: undefined,
  differsIn: [],
  firstDifference: undefined,
} as const;

function whyNot(
  { failure, stage, appliedIndex }: CheckedMember,
  index: number,
): Pick<CheckedNode, "verdict" | "reason"> {
  if (failure !== undefined) return { verdict: "unreachable", reason: failure };
  switch (stage) {
    case CheckStage.WAITING:
      return { verdict: "behind", reason: `it has applied index ${appliedIndex} of ${index}` };
    case CheckStage.RUNNING:
      return { verdict: "unknown", reason: "it has stopped reading its state" };
    case CheckStage.COMPACTING:
      return { verdict: "unknown", reason: "it is removing what was compacted: check again in a while" };
    default:
      return { verdict: "unknown", reason: "it has been started, or has taken a snapshot, meanwhile: check again" };
  }
}

function isSame(a: CheckedState, b: CheckedState): boolean {
  return Buffer.compare(a.fingerprint, b.fingerprint) === 0;
}

function differingParts(state: CheckedState, right: CheckedState): readonly string[] {
  return state.parts
    .filter(({ name, hash }) => {
      const other = right.parts.find((part) => part.name === name);
      return other === undefined || Buffer.compare(other.hash, hash) !== 0;
    })
    .map(({ name }) => name);
}

function firstDifference(state: CheckedState, right: CheckedState): CheckedNode["firstDifference"] {
  const at = state.revisions.findIndex(({ hash }, i) => right.revisions[i]?.hash !== hash);
  const bad = state.revisions[at];
  if (bad === undefined) return undefined;
  return {
    after: safeInteger(state.revisions[at - 1]?.revision ?? 0n, "revision"),
    upTo: safeInteger(bad.revision, "revision"),
  };
}
