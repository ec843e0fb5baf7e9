import { describe, expect, it } from "vitest";
import { defaultRaftNodeConfig } from "../../node/raft-node-options.ts";
import { checkConfig } from "../config.ts";
import { heartbeatOf, LoneNode } from "../harness/lone-node.ts";
import { testConfig } from "../harness/settings.ts";

describe("5.6 timing and availability", () => {
  it("broadcastTime is far less than the election timeout: heartbeats come several times within one", () => {
    const { electionTimeoutMinMs, heartbeatIntervalMs } = defaultRaftNodeConfig;
    expect(heartbeatIntervalMs * 3).toBeLessThanOrEqual(electionTimeoutMinMs);
  });

  it("settings with which elections could never end are refused", () => {
    const config = { ...testConfig, memberId: "member-1", incarnation: 1, appliedIndex: 0 };
    checkConfig(config);
    expect(() => checkConfig({ ...config, heartbeatIntervalMs: config.electionTimeoutMinMs })).toThrow();
    expect(() => checkConfig({ ...config, electionTimeoutMaxMs: config.electionTimeoutMinMs - 1 })).toThrow();
  });

  it("safety does not depend on timing: however late a message is, it counts in its own term only", () => {
    const node = new LoneNode().campaign(2).tick(10_000);
    node.hear(2, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    expect(node.term).toBe(2);
    node.hear(2, { kind: "voteResponse", term: 1, granted: true });
    expect(node.role).toBe("candidate");
  });

  it("a stall that lasts ten election timeouts costs one election, not ten", () => {
    const node = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1)).tick(3_000);
    expect(node.takeSentOf("preVoteRequest")).toHaveLength(2);
    node.hear(1, heartbeatOf(1));
    expect([node.role, node.term]).toEqual(["follower", 1]);
  });
});
