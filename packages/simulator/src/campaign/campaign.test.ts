import { describe, expect, it, vi } from "vitest";
import { themeOf } from "../plan/theme-of.ts";
import { parseCampaignArguments } from "./arguments.ts";
import { replayCommand, runCampaign } from "./campaign.ts";
import { runSeeds } from "./run-seeds.ts";

vi.setConfig({ testTimeout: 60_000 });

describe("a campaign", () => {
  it("runs so many seeds, and counts what happened", async () => {
    const campaign = parseCampaignArguments(["--seed", "5", "--seeds", "3", "--steps", "500"]);
    const result = await runCampaign(
      campaign,
      () => 0,
      () => {},
    );
    expect(result).toMatchObject({ runs: 3, failed: undefined });
    expect(result.steps).toBeGreaterThan(1_500);
  });

  it("shares the seeds among threads, which makes no difference to any", async () => {
    const options = { firstSeed: 5, seeds: 6, steps: 400, goesOn: () => true };
    expect(await runSeeds({ ...options, workers: 3 })).toEqual(await runSeeds({ ...options, workers: 1 }));
  });

  it("begins no run once its budget is spent", async () => {
    let seconds = 0;
    const campaign = parseCampaignArguments(["--seeds", "100", "--steps", "200", "--budget", "2"]);
    const result = await runCampaign(
      campaign,
      () => 1_000 * seconds++,
      () => {},
    );
    expect(result.runs).toBe(1);
  });

  it("prints the trace of a run when asked to", async () => {
    const lines: string[] = [];
    await runCampaign(
      parseCampaignArguments(["--seed", "7", "--steps", "300", "--trace"]),
      () => 0,
      (line) => lines.push(line),
    );
    expect(lines[0]).toContain("seed 7: {");
    expect(lines.some((line) => line.endsWith("1 starts"))).toBe(true);
    expect(lines.some((line) => line.endsWith("the faults end"))).toBe(true);
  });

  it("names the command that runs a seed again", () => {
    expect(parseCampaignArguments(replayCommand(9, 400).split(" ").slice(4))).toEqual({
      firstSeed: 9,
      seeds: 1,
      steps: 400,
      budgetSeconds: Number.POSITIVE_INFINITY,
      theme: undefined,
      workers: 1,
      skipped: { faults: [], membershipActions: [], operations: [] },
      dense: false,
      trace: true,
    });
  });

  it("names the command that runs what is left of a seed", () => {
    const skipped = { faults: [1, 2, 5], membershipActions: [], operations: [9] };
    const command = replayCommand(9, 400, skipped);
    expect(command).toContain('--skip-faults "1-2 5" --skip-operations "9" --trace');
    expect(parseCampaignArguments(["--skip-faults", "1-2 5", "--skip-operations", "9"]).skipped).toEqual(skipped);
  });

  it("passes over the seeds whose runs are about something else", async () => {
    const seeds = { firstSeed: 1, seeds: 3, steps: 200, workers: 2, goesOn: () => true };
    const runs = await runSeeds({ ...seeds, theme: "elections" });
    expect(runs.map(({ seed }) => themeOf(seed))).toEqual(["elections", "elections", "elections"]);
    expect(() => parseCampaignArguments(["--theme", "all"])).toThrow('--theme is "all": expected one of leases');
  });

  it("refuses what is no number", () => {
    expect(() => parseCampaignArguments(["--seeds", "many"])).toThrow('--seeds is "many": expected a whole number');
  });
});
