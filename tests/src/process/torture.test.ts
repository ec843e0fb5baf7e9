import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { TortureRecord } from "../torture/record.ts";
import { cleanEnvironment } from "./harness/entry-points.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const program = fileURLToPath(new URL("../torture.ts", import.meta.url));
const run = promisify(execFile);

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe("a short torture, with kill -9 and pauses", () => {
  it("loses nothing, applies nothing twice, reads nothing stale, serves again soon, and reports it", async () => {
    await using directory = await temporaryDirectory();
    const report = join(directory.path, "report.html");
    const args = ["--rounds", "10", "--seed", "7", "--faults", "kill,pause", "--report", report];
    const { stdout } = await run(process.execPath, [program, ...args], { env: cleanEnvironment(), timeout: 100_000 });
    const record: TortureRecord = JSON.parse(await readFile(`${report}.json`, "utf8"));
    expect(record.findings, stdout).toEqual([]);
    expect(record.verdicts).toHaveLength(3);
    expect(record.killCycles).toBeGreaterThan(3);
    expect(record.history?.answeredWrites).toBeGreaterThan(50);
    const kills = record.strikes.filter(({ kind }) => kind === "kill");
    expect(middle(kills.flatMap(({ serviceDuringMs }) => serviceDuringMs ?? []))).toBeLessThan(5_000);
    expect(await readFile(report, "utf8")).toContain("all is well");
  });
});
