import * as sqlite from "@raftkv/storage-sqlite";
import { describe, expect, it } from "vitest";
import { failManyAtOnce, scenarios } from "./play.ts";

describe("a node whose storage fails, on storage-sqlite", () => {
  it.each(Object.entries(scenarios))(
    "loses nothing acknowledged, whichever call fails (%s)",
    { timeout: 240_000 },
    async (_, scenario) => {
      expect(await failManyAtOnce(scenario, () => sqlite)).toBeGreaterThan(50);
    },
  );
});
