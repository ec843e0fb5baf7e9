import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { resolveSettings } from "../config/settings.ts";
import type { NodeLog } from "../logging/node-log.ts";
import { runNode } from "./run-node.ts";

/** Storage in memory whose state fails once to close, as a package that the node finds in its working directory. */
const failingStorage = `
import { open as openMemory } from ${JSON.stringify(import.meta.resolve("@raftkv/storage-memory"))};
export async function open(options) {
  const { raft, state } = await openMemory(options);
  let failed = false;
  const close = async () => {
    if (failed) return state.close();
    failed = true;
    throw new Error("the state could not be written out");
  };
  const get = (target, name) => {
    if (name === "close") return close;
    const value = target[name];
    return typeof value === "function" ? value.bind(target) : value;
  };
  return { raft, state: new Proxy(state, { get }) };
}
`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "raftkv-node-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("does not call a stop clean in which something failed", async () => {
  const packageFolder = join(directory, "node_modules", "failing-storage");
  await mkdir(packageFolder, { recursive: true });
  await writeFile(join(packageFolder, "package.json"), '{ "name": "failing-storage", "type": "module" }');
  await writeFile(join(packageFolder, "index.js"), failingStorage);
  const stop = new AbortController();
  const messages: string[] = [];
  const say = (message: string): void => {
    messages.push(message);
    if (message.startsWith("became leader")) stop.abort(new Error("stopped"));
  };
  const log: NodeLog = { debug: () => {}, info: say, warn: say, error: say, fatal: say };
  const options = { storage: "failing-storage", listen: "127.0.0.1:0", logLevel: "info", logFormat: "json" } as const;
  const settings = resolveSettings(options, undefined, directory);
  const running = runNode(
    {
      settings,
      log,
      version: "0.0.0",
      workingDirectory: directory,
      onIdentified: () => {},
      onFailure: (error) => say(error.message),
    },
    stop.signal,
  );
  await expect(running).rejects.toThrow("the state could not be written out");
  expect(messages).not.toContain("stopped");
});
