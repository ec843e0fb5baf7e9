import { describe, expect, it } from "vitest";
import { checkConfig, type RaftConfig } from "./config.ts";
import { testConfig } from "./harness/settings.ts";
import { InvariantViolation } from "./invariant.ts";

function check(overrides: Partial<RaftConfig>): void {
  checkConfig({ ...testConfig, memberId: "member-1", incarnation: 1, appliedIndex: 0, ...overrides });
}

describe("settings", () => {
  it.each<Partial<RaftConfig>>([
    { nodeId: 0 },
    { nodeId: 1.5 },
    { heartbeatIntervalMs: 0 },
    { heartbeatIntervalMs: 150 },
    { commitNewsMs: 0 },
    { writeStallMs: 0 },
    { electionTimeoutMinMs: 301 },
    { maxClockDrift: -0.1 },
    { maxClockDrift: Number.POSITIVE_INFINITY },
    { maxInflightMessages: 0 },
    { maxInflightBytes: 0 },
  ])("that cannot work are refused: %o", (overrides) => {
    expect(() => check(overrides)).toThrow(InvariantViolation);
  });

  it.each<Partial<RaftConfig>>([
    {},
    { heartbeatIntervalMs: 149 },
    { electionTimeoutMinMs: 300 },
    { maxClockDrift: 0 },
    { maxInflightMessages: 1, maxInflightBytes: 1, writeStallMs: 1 },
  ])("at their bounds are taken: %o", (overrides) => {
    check(overrides);
  });
});
