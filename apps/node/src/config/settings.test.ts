import { afterEach, describe, expect, it, vi } from "vitest";
import type { ClusterFile } from "./cluster-file.ts";
import { commandLine } from "./command-line.ts";
import type { Options } from "./options.ts";
import { resolveSettings } from "./settings.ts";
import { workingDirectory } from "./working-directory.ts";

const two: ClusterFile = {
  nodes: [
    { id: 1, address: "10.0.0.1:50051" },
    { id: 7, address: "10.0.0.7:50051" },
  ],
};
const defaults: Options = { logLevel: "info", logFormat: "pretty" };

async function parse(...args: readonly string[]): Promise<Options> {
  let parsed: Options | undefined;
  const command = commandLine("1.2.3", async (options) => {
    parsed = options;
  });
  await command.parseAsync(args, { from: "user" });
  if (parsed === undefined) throw new Error("the command was not run");
  return parsed;
}

describe("the settings", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("are those of one node by itself where nothing is said", async () => {
    const settings = resolveSettings(await parse(), undefined, "/home/ada");
    expect(settings).toEqual({
      nodeId: 1,
      dataDir: "/home/ada/data",
      storage: "@raftkv/storage-sqlite",
      listen: { host: "127.0.0.1", port: 50051 },
      advertisedAddress: undefined,
      priority: 0,
      otherFounders: [],
      raft: expect.objectContaining({ electionTimeoutMinMs: 300, electionTimeoutMaxMs: 600 }),
      limits: { maxKeyBytes: 4096, maxValueBytes: 1024 * 1024 },
    });
  });

  it("come from the environment too, and a flag wins over it", async () => {
    vi.stubEnv("RAFTKV_CONFIG", "cluster.conf");
    vi.stubEnv("RAFTKV_ID", "7");
    vi.stubEnv("RAFTKV_DATA_DIR", "/var/raftkv/7");
    vi.stubEnv("RAFTKV_STORAGE", "from-environment");
    vi.stubEnv("RAFTKV_LISTEN", "0.0.0.0:6000");
    vi.stubEnv("RAFTKV_LOG_LEVEL", "debug");
    vi.stubEnv("RAFTKV_LOG_FORMAT", "json");
    const fromEnvironment = {
      config: "cluster.conf",
      id: 7,
      dataDir: "/var/raftkv/7",
      storage: "from-environment",
      listen: "0.0.0.0:6000",
      logLevel: "debug",
      logFormat: "json",
    };
    expect(await parse()).toEqual(fromEnvironment);
    const flags = ["--id", "1", "--storage", "from-flag", "--log-format", "pretty"];
    expect(await parse(...flags)).toEqual({ ...fromEnvironment, id: 1, storage: "from-flag", logFormat: "pretty" });
  });

  it("come from cluster.conf where neither flag nor environment say", () => {
    const file = {
      ...two,
      storage: "from-file",
      election_timeout: { min: 1000, max: 2000 },
      heartbeat_interval: 200,
      limits: { max_key_bytes: 9 },
    };
    const settings = resolveSettings({ ...defaults, id: 7 }, file, "/");
    expect(settings).toMatchObject({
      nodeId: 7,
      storage: "from-file",
      listen: { host: "10.0.0.7", port: 50051 },
      advertisedAddress: "10.0.0.7:50051",
      otherFounders: [{ id: 1, address: "10.0.0.1:50051" }],
      raft: { electionTimeoutMinMs: 1000, electionTimeoutMaxMs: 2000, heartbeatIntervalMs: 200 },
      limits: { maxKeyBytes: 9, maxValueBytes: 1024 * 1024 },
    });
    const overridden = resolveSettings({ ...defaults, id: 7, storage: "x", listen: "[::]:1" }, file, "/");
    expect(overridden).toMatchObject({
      storage: "x",
      listen: { host: "::", port: 1 },
      advertisedAddress: "10.0.0.7:50051",
    });
  });

  it("say with which priority this node and the others found a cluster", () => {
    const file = { nodes: two.nodes.map((node) => (node.id === 7 ? node : { ...node, priority: 3 })) };
    expect(resolveSettings({ ...defaults, id: 1 }, file, "/").priority).toBe(3);
    const other = resolveSettings({ ...defaults, id: 7 }, file, "/");
    expect(other).toMatchObject({ priority: 0, otherFounders: [{ id: 1, priority: 3 }] });
  });

  it("need no id where cluster.conf has one node", () => {
    const file = { nodes: [{ id: 5, address: "10.0.0.5:1" }] };
    expect(resolveSettings(defaults, file, "/").nodeId).toBe(5);
  });

  it.each([
    [{ ...defaults, config: "c" }, two, "c has nodes 1, 7: say which of them this is, with --id or RAFTKV_ID"],
    [{ ...defaults, config: "c", id: 2 }, two, "unknown member id 2: c has nodes 1, 7"],
    [{ ...defaults, listen: "6000" }, undefined, '--listen: found "6000", expected host:port, such as 127.0.0.1:50051'],
  ])("are refused where they do not fit together (%#)", (options, file, message) => {
    expect(() => resolveSettings(options, file, "/")).toThrow(message);
  });
});

describe("the working directory", () => {
  it("is where pnpm was called, if this package's script runs, and only then", () => {
    const pnpm = { INIT_CWD: "/called", npm_package_name: "@raftkv/node", npm_lifecycle_event: "start" };
    expect(workingDirectory(pnpm, "/packages/node")).toBe("/called");
    expect(workingDirectory({ ...pnpm, npm_package_name: "my-service" }, "/here")).toBe("/here");
    expect(workingDirectory({}, "/here")).toBe("/here");
  });
});
