import { describe, expect, it } from "vitest";
import { runKillCampaign } from "../workload/kill-campaign.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("kill -9 of the leader under load, 20 times", () => {
  it("loses nothing, applies nothing twice, reads nothing stale, and serves again within 2 s", async () => {
    await using directory = await temporaryDirectory();
    const { kills, history } = await runKillCampaign({ directory: directory.path, kills: 20, seed: 1, clients: 6 });
    expect(kills).toHaveLength(20);
    expect(Math.max(...kills.map((kill) => kill.serviceAfterMs))).toBeLessThan(2_000);
    expect(history.answeredWrites).toBeGreaterThan(500);
    expect(history.answeredReads).toBeGreaterThan(500);
  });
});
