import { describe, expect, it } from "vitest";
import { runLeadershipCampaign } from "../workload/leadership-campaign.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

describe("a transfer of leadership under load", () => {
  it("interrupts service for less time than kill -9 of the leader, and fails no call", async () => {
    await using directory = await temporaryDirectory();
    const { rounds, failures, history } = await runLeadershipCampaign({
      directory: directory.path,
      rounds: 5,
      seed: 1,
      clients: 4,
      electionTimeout: { min: 300, max: 600 },
    });
    const transfer = median(rounds.map(({ transferGapMs }) => transferGapMs));
    const kill = median(rounds.map(({ killGapMs }) => killGapMs));
    expect(transfer).toBeLessThan(kill);
    expect(failures).toEqual([]);
    expect(history.unknown).toBe(0);
    expect(history.answeredWrites).toBeGreaterThan(100);
  });
});
