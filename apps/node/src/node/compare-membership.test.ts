import type { Membership } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { resolveSettings } from "../config/settings.ts";
import { compareMembership } from "./compare-membership.ts";

const nodes = [1, 2].map((id) => ({ id, address: `10.0.0.${id}:50051` }));
const kept: Membership = {
  voters: [1, 2],
  outgoingVoters: [],
  learners: [],
  members: nodes.map((node) => ({ ...node, memberId: `member-${node.id}` })),
};

const differences = (configured: typeof nodes, address: string): readonly string[] => {
  const settings = resolveSettings({ id: 1, logLevel: "info", logFormat: "json" }, { nodes: configured }, "/");
  const identity = { nodeId: 1, memberId: "member-1", incarnation: 1, clusterId: "cluster" };
  return compareMembership(settings, address, { identity, membership: kept });
};

it("says nothing where the configuration agrees with the cluster's membership", () => {
  expect(differences(nodes, "10.0.0.1:50051")).toEqual([]);
});

it("says where this node is looked for in vain", () => {
  expect(differences(nodes, "10.0.0.1:6000")).toEqual([
    expect.stringMatching(
      /^the cluster knows this node at 10\.0\.0\.1:50051, and it was started at 10\.0\.0\.1:6000: if it has moved, run raftkv member move 1 10\.0\.0\.1:6000/,
    ),
  ]);
});

it.each([
  ["a node is missing", nodes.slice(0, 1)],
  ["there is one more", [...nodes, { id: 3, address: "10.0.0.3:50051" }]],
  ["another has moved", [...nodes.slice(0, 1), { id: 2, address: "10.0.0.9:50051" }]],
])("says that the cluster's membership rules where %s", (_, configured) => {
  expect(differences(configured, "10.0.0.1:50051")).toEqual([
    expect.stringMatching(/membership rules: 1 at 10\.0\.0\.1:50051, 2 at 10\.0\.0\.2:50051$/),
  ]);
});
