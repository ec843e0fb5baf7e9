import { execFile } from "node:child_process";
import { copyFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { cleanEnvironment } from "./harness/entry-points.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

/** What an application would download: the tarball of one package of the workspace, packed into `folder`. */
async function pack(packageFolder: string, folder: string): Promise<void> {
  const args = ["--yes", "pnpm@12.21.0", "pack", "--pack-destination", folder];
  await run("npx", args, { cwd: join(repository, packageFolder), env: plainEnvironment() });
}

/** Without what pnpm tells the scripts that it runs: npm would take it for its own settings. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(npm_(?!config_registry$)|pnpm_|PNPM_)/;
  return Object.fromEntries(Object.entries(cleanEnvironment()).filter(([name]) => !foreign.test(name)));
}

it("installs with plain npm outside the workspace, and an example runs there against a cluster", async () => {
  await using directory = await temporaryDirectory();
  await using data = await temporaryDirectory();
  await using cluster = await ClusterProcess.start({ directory: data.path });

  await pack("proto", directory.path);
  await pack("packages/grpc-stream", directory.path);
  await pack("packages/kv-client", directory.path);
  const tarballs = (await readdir(directory.path)).filter((name) => name.endsWith(".tgz"));
  expect(tarballs.toSorted()).toEqual([
    expect.stringMatching(/^raftkv-grpc-stream-\d/),
    expect.stringMatching(/^raftkv-kv-client-\d/),
    expect.stringMatching(/^raftkv-proto-\d/),
  ]);

  await writeFile(join(directory.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const paths = tarballs.map((name) => `./${name}`);
  await run("npm", ["install", "--no-audit", "--no-fund", ...paths], { cwd: directory.path, env: plainEnvironment() });
  const installed = await readdir(join(directory.path, "node_modules", "@raftkv"));
  expect(installed.toSorted()).toEqual(["grpc-stream", "kv-client", "proto"]); // And no package of the server.

  await copyFile(join(repository, "examples/src/quick-start.ts"), join(directory.path, "quick-start.ts"));
  await cluster.leader();
  const env = { ...cleanEnvironment(), RAFTKV_ENDPOINTS: cluster.endpoints.join(",") };
  const example = await run(process.execPath, ["quick-start.ts"], { cwd: directory.path, env, timeout: 30_000 });
  expect(example.stdout).toContain('get ada: {"name":"Ada"}');
  expect(example.stdout).toContain("get ada: undefined");
  expect(example.stderr).toBe("");
});
