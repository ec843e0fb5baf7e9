import { afterEach, describe, expect, it, vi } from "vitest";
import type { ClusterFile } from "./cluster-file.ts";
import { commandLine } from "./command-line.ts";
import type { Options } from "./options.ts";
import { resolveSettings } from "./settings.ts";
import { workingDirectory } from "./working-directory.ts";

const watchLimits = {
  maxWatches: 100_000,
  maxStreamWatches: 20_000,
  maxWatchBytes: 128 * 1024 * 1024,
  maxWatchStreamBytes: 4 * 1024 * 1024,
  maxLockWaits: 10_000,
};
const transactionLimits = { maxTransactionSteps: 1024, maxTransactionComparisons: 1024, maxTransactionDepth: 8 };

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
      nodeId: undefined,
      dataDir: "/home/ada/data",
      storage: "@raftkv/storage-sqlite",
      listen: undefined,
      advertise: undefined,
      founders: undefined,
      join: [],
      noFounder: undefined,
      noNewcomer: expect.stringContaining("--id"),
      electionTimeout: undefined,
      raft: expect.not.objectContaining({ electionTimeoutMinMs: expect.anything(), writeStallMs: expect.anything() }),
      history: { maxAgeMs: 600_000, maxRevisions: 1_000_000 },
      quotaBytes: 0,
      checkIntervalMs: 24 * 60 * 60_000,
      limits: { maxKeyBytes: 4096, maxValueBytes: 1024 * 1024, ...transactionLimits, ...watchLimits },
    });
  });

  it("come from the environment too, and a flag wins over it", async () => {
    vi.stubEnv("RAFTKV_CONFIG", "cluster.conf");
    vi.stubEnv("RAFTKV_ID", "7");
    vi.stubEnv("RAFTKV_DATA_DIR", "/var/raftkv/7");
    vi.stubEnv("RAFTKV_STORAGE", "from-environment");
    vi.stubEnv("RAFTKV_LISTEN", "0.0.0.0:6000");
    vi.stubEnv("RAFTKV_ADVERTISE", "10.0.0.7:6000");
    vi.stubEnv("RAFTKV_JOIN", "10.0.0.1:50051");
    vi.stubEnv("RAFTKV_LOG_LEVEL", "debug");
    vi.stubEnv("RAFTKV_LOG_FORMAT", "json");
    const fromEnvironment = {
      config: "cluster.conf",
      id: 7,
      dataDir: "/var/raftkv/7",
      storage: "from-environment",
      listen: "0.0.0.0:6000",
      advertise: "10.0.0.7:6000",
      join: "10.0.0.1:50051",
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
      lease_reads: { max_clock_drift: 0.05 },
      history: { max_age: 5_000 },
      limits: {
        max_key_bytes: 9,
        max_transaction_steps: 7,
        max_watches: 50,
        max_watches_per_stream: 40,
        max_watch_bytes: 2 ** 21,
        max_watch_bytes_per_stream: 2 ** 20,
        max_lock_calls: 3,
      },
    };
    const settings = resolveSettings({ ...defaults, id: 7 }, file, "/");
    expect(settings).toMatchObject({
      nodeId: 7,
      storage: "from-file",
      listen: undefined,
      founders: two.nodes,
      noFounder: undefined,
      electionTimeout: { minMs: 1000, maxMs: 2000 },
      raft: { heartbeatIntervalMs: 200, maxClockDrift: 0.05 },
      history: { maxAgeMs: 5_000, maxRevisions: 1_000_000 },
      limits: {
        maxKeyBytes: 9,
        maxValueBytes: 1024 * 1024,
        ...transactionLimits,
        maxTransactionSteps: 7,
        maxWatches: 50,
        maxStreamWatches: 40,
        maxWatchBytes: 2 ** 21,
        maxWatchStreamBytes: 2 ** 20,
        maxLockWaits: 3,
      },
    });
    const overridden = resolveSettings({ ...defaults, id: 7, storage: "x", listen: "[::]:1" }, file, "/");
    expect(overridden).toMatchObject({ storage: "x", listen: { host: "::", port: 1 } });
  });

  it("name the members to join, each once", () => {
    const join = "10.0.0.1:50051, 10.0.0.7:50051,10.0.0.1:50051";
    expect(resolveSettings({ ...defaults, join }, undefined, "/").join).toEqual(["10.0.0.1:50051", "10.0.0.7:50051"]);
  });

  it.each([
    [{ ...defaults, config: "c" }, "c has nodes 1, 7: say which of them this is, with --id or RAFTKV_ID"],
    [{ ...defaults, config: "c", id: 2 }, "unknown member id 2: c has nodes 1, 7"],
  ])("say why a node is no founder (%#)", (options, message) => {
    expect(resolveSettings(options, two, "/").noFounder).toContain(message);
  });

  it("say that a node that is to join lacks an id, unless it has one", () => {
    expect(resolveSettings(defaults, undefined, "/").noNewcomer).toMatch(/an id that no member has: .* with --id/);
    expect(resolveSettings({ ...defaults, id: 4 }, undefined, "/").noNewcomer).toBeUndefined();
  });

  it("have a bound for writes of its own where cluster.conf names one", () => {
    const file = { ...two, election_timeout: { min: 1000, max: 2000 }, write_stall_timeout: 5000 };
    expect(resolveSettings({ ...defaults, id: 1 }, file, "/").raft.writeStallMs).toBe(5000);
  });

  it("need no id where cluster.conf has one node", () => {
    const file = { nodes: [{ id: 5, address: "10.0.0.5:1" }] };
    expect(resolveSettings(defaults, file, "/").nodeId).toBe(5);
  });

  it.each([
    [{ listen: "6000" }, '--listen: found "6000", expected host:port, such as 127.0.0.1:50051'],
    [{ advertise: "10.0.0.1:0" }, '--advertise: found "10.0.0.1:0", expected host:port'],
    [{ join: "10.0.0.1:50051,,x" }, '--join: found "", expected host:port'],
  ])("are refused where they are no addresses (%#)", (options, message) => {
    expect(() => resolveSettings({ ...defaults, ...options }, undefined, "/")).toThrow(message);
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
