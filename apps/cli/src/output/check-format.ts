import type { CheckedNode, CheckReport } from "@raftkv/kv-client/admin";
import { textTable } from "./table.ts";

const columns = [
  { name: "ID", align: "right" },
  { name: "ADDRESS" },
  { name: "INDEX", align: "right" },
  { name: "REVISION", align: "right" },
  { name: "KEYS", align: "right" },
  { name: "FINGERPRINT" },
  { name: "VERDICT" },
] as const;

/** Enough to tell states apart by eye; JSON has all of it. */
const shownDigits = 16;

/** A row a member, and what there is to say of those that are not the same. */
export function checkTable(report: CheckReport): string {
  const rows = report.nodes.map((node) => row(node, report.index));
  return textTable(columns, rows) + report.nodes.map(note).join("");
}

function row({ nodeId, address, verdict, revision, keys, fingerprint }: CheckedNode, index: number): string[] {
  const state =
    fingerprint === undefined
      ? ["", "", "", ""]
      : [String(index), String(revision), String(keys), fingerprint.slice(0, shownDigits)];
  return [String(nodeId), address, ...state, verdict];
}

function note({ nodeId, reason, differsIn, firstDifference }: CheckedNode): string {
  if (reason !== undefined) return `node ${nodeId}: ${reason}\n`;
  if (differsIn.length === 0) return "";
  const { after, upTo } = firstDifference ?? {};
  const where = firstDifference === undefined ? "" : `, of writes first after revision ${after} and up to ${upTo}`;
  return `node ${nodeId} differs in ${differsIn.join(", ")}${where}\n`;
}

/** What is wrong, and what to do. */
export function differenceLine({ nodes, index }: CheckReport): string {
  const different = nodes.filter(({ verdict }) => verdict === "different");
  if (different.length === nodes.filter(({ fingerprint }) => fingerprint !== undefined).length) {
    return (
      `the states of ${named(different)} differ at index ${index}, and no majority of voters agrees on one: bring the other ` +
      "members up, and check again"
    );
  }
  const ids = different.map(({ nodeId }) => nodeId);
  return (
    `the ${ids.length === 1 ? "state" : "states"} of ${named(different)} ${ids.length === 1 ? "differs" : "differ"} from that of ` +
    `the majority at index ${index}: it is damaged. It takes itself out of the cluster within seconds; put a new node in its ` +
    `place (start one with --join, and run raftkv member replace ${ids[0]} ADDRESS)`
  );
}

/** What was not compared. */
export function incompleteLine({ nodes }: CheckReport): string {
  const left = nodes.filter(({ verdict }) => verdict !== "same");
  const all = left.length === nodes.length ? "none was compared" : "the others are the same";
  return `${named(left)} could not be compared, ${all}: see to it that all members are up, and check again`;
}

function named(nodes: readonly CheckedNode[]): string {
  const ids = nodes.map(({ nodeId }) => nodeId).join(", ");
  return nodes.length === 1 ? `node ${ids}` : `nodes ${ids}`;
}

/** For scripts: the report as it is, with a stable code where it is no success. */
export function checkJson({ outcome, ...report }: CheckReport): string {
  const codes = { same: "OK", different: "STATES_DIFFER", incomplete: "INCOMPLETE" } as const;
  return `${JSON.stringify({ code: codes[outcome], outcome, ...report })}\n`;
}
