import type { CheckedNode, CheckReport, CheckVerdict } from "@raftkv/kv-client/admin";
import { describe, expect, it } from "vitest";
import { checkJson, checkTable, differenceLine, incompleteLine } from "./check-format.ts";

function node(nodeId: number, verdict: CheckVerdict, more: Partial<CheckedNode> = {}): CheckedNode {
  const compared = verdict === "same" || verdict === "different";
  return {
    nodeId,
    address: `n${nodeId}:1`,
    verdict,
    appliedIndex: 9,
    revision: compared ? 7 : undefined,
    keys: compared ? 3 : undefined,
    fingerprint: compared ? (verdict === "same" ? "a" : "b").repeat(64) : undefined,
    differsIn: [],
    firstDifference: undefined,
    reason: undefined,
    ...more,
  };
}

function report(outcome: CheckReport["outcome"], ...nodes: readonly CheckedNode[]): CheckReport {
  return { index: 8, revision: 7, outcome, nodes };
}

const rotten = node(3, "different", { differsIn: ["keys", "writes"], firstDifference: { after: 4, upTo: 6 } });

describe("a check, shown", () => {
  it("has a row a member, and says where a state differs or why there is none", () => {
    const text = checkTable(report("different", node(1, "same"), node(2, "behind", { reason: "too slow" }), rotten));
    expect(text).toMatch(/1 │ n1:1 +│ +8 │ +7 │ +3 │ a{16} +│ same/);
    expect(text).toMatch(/2 │ n2:1 +│ +│ +│ +│ +│ behind/);
    expect(text).toContain("node 2: too slow\n");
    expect(text).toContain("node 3 differs in keys, writes, of writes first after revision 4 and up to 6\n");
  });

  it("says what to do, with a majority and without one", () => {
    expect(differenceLine(report("different", node(1, "same"), node(2, "same"), rotten))).toMatch(
      /^the state of node 3 differs from that of the majority at index 8: .* raftkv member replace 3 ADDRESS\)$/,
    );
    expect(differenceLine(report("different", node(1, "different"), node(2, "behind"), rotten))).toMatch(
      /^the states of nodes 1, 3 differ at index 8, and no majority of voters agrees on one/,
    );
    expect(incompleteLine(report("incomplete", node(1, "same"), node(2, "unreachable")))).toMatch(
      /^node 2 could not be compared, the others are the same/,
    );
  });

  it("is for scripts what it is, with a stable code", () => {
    const codes = (["same", "different", "incomplete"] as const).map(
      (outcome) => JSON.parse(checkJson(report(outcome))).code,
    );
    expect(codes).toEqual(["OK", "STATES_DIFFER", "INCOMPLETE"]);
    expect(JSON.parse(checkJson(report("different", rotten)))).toMatchObject({ index: 8, nodes: [{ nodeId: 3 }] });
  });
});
