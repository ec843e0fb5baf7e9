import { describe, expect, it } from "vitest";
import { completeConfig, defaultRaftNodeConfig } from "./raft-node-options.ts";

describe("the configuration of a node", () => {
  it("has the heartbeat follow the election timeout, unless it is given", () => {
    expect(completeConfig({ electionTimeoutMinMs: 1_200, electionTimeoutMaxMs: 2_000 }).heartbeatIntervalMs).toBe(400);
    expect(completeConfig({ electionTimeoutMinMs: 1_000, heartbeatIntervalMs: 70 }).heartbeatIntervalMs).toBe(70);
    expect(completeConfig()).toEqual(defaultRaftNodeConfig);
  });
});
