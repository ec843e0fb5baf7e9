import { expect, it } from "vitest";
import { exitCodes } from "../exit/exit-code.ts";
import { describeDifference, electionTimeoutOf, raftConfigOf } from "./election-timeout.ts";

const cluster = { minMs: 1_000, maxMs: 2_000 };
const own = { minMs: 150, maxMs: 300 };

it.each([
  ["cluster.conf first", own, cluster, own],
  ["what the cluster had when it joined", undefined, cluster, cluster],
  ["the default", undefined, undefined, { minMs: 300, maxMs: 600 }],
])("a node goes by %s", (_, electionTimeout, joinedWith, expected) => {
  expect(electionTimeoutOf({ electionTimeout, raft: {} }, joinedWith)).toEqual(expected);
});

it("and leaves what follows from it to consensus, unless cluster.conf says that too", () => {
  const config = raftConfigOf({ electionTimeout: undefined, raft: { writeStallMs: 50 } }, cluster);
  const timeouts = { electionTimeoutMinMs: 1_000, electionTimeoutMaxMs: 2_000 };
  expect(config).toEqual({ ...timeouts, writeStallMs: 50, commitNewsMs: 2 });
});

it("refuses a heartbeat interval that does not fit the cluster's", () => {
  const settings = { electionTimeout: undefined, raft: { heartbeatIntervalMs: 500 } };
  expect(() => electionTimeoutOf(settings, cluster)).toThrow(
    expect.objectContaining({
      exitCode: exitCodes.usage,
      message: expect.stringMatching(/half of the cluster's .*1000/),
    }),
  );
});

it("says what a node that joins takes over, and warns where it is set up otherwise", () => {
  expect(describeDifference(undefined, cluster)).toMatchObject({
    level: "info",
    message: expect.stringMatching(/1000 to/),
  });
  expect(describeDifference(own, cluster)).toMatchObject({
    level: "warn",
    message: expect.stringMatching(/150 to 300 ms in this node's cluster.conf, and 1000 to 2000 ms in the cluster/),
  });
  expect(describeDifference(cluster, cluster)).toBeUndefined();
  expect(describeDifference(own, undefined)).toBeUndefined();
});
