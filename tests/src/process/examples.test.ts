import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { cleanEnvironment } from "./harness/entry-points.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const folder = new URL("../../../examples/src/", import.meta.url);
const examples = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));

describe("the examples, against a cluster of three", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let cluster: ClusterProcess;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    cluster = await ClusterProcess.start({ directory: directory.path });
    await cluster.leader();
  });

  afterAll(async () => {
    await cluster.killAll();
    await directory[Symbol.asyncDispose]();
  });

  it("are there", () => {
    expect(examples.length).toBeGreaterThan(2);
  });

  it.each(examples)("%s runs to its end", async (example) => {
    const env = { ...cleanEnvironment(), RAFTKV_ENDPOINTS: cluster.endpoints.join(",") };
    const run = await promisify(execFile)(process.execPath, [new URL(example, folder).pathname], {
      env,
      timeout: 30_000,
    });
    expect(run.stdout.trim()).not.toBe("");
    expect(run.stderr).toBe("");
  });
});
