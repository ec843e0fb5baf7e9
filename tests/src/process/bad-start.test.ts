import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { NodeProcess } from "./harness/node-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const anyPort = ["--listen", "127.0.0.1:0"];

/** One line, and no stack. */
const oneLine = (stderr: string): string => {
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  return stderr.trimEnd();
};

describe("a node that cannot start says why in one line", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let data: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    data = join(directory.path, "data");
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const refusal = async (...args: readonly string[]) => {
    await using node = NodeProcess.start({ args, cwd: directory.path });
    const { code } = await node.ended();
    return { code, line: oneLine(node.stderr) };
  };

  /** Leaves a directory that belongs to a cluster of one. */
  const formed = async (id: string): Promise<void> => {
    await using node = NodeProcess.start({ args: ["--data-dir", data, "--id", id, ...anyPort] });
    await node.waitFor("role");
    expect((await node.stop()).code).toBe(0);
  };

  it("where it is to join, and nobody says under which id", async () => {
    const { code, line } = await refusal("--data-dir", data, "--join", "127.0.0.1:1", ...anyPort);
    expect(code).toBe(2);
    expect(line).toMatch(/needs an id that no member has: say which, with --id/);
    await expect(readdir(data)).rejects.toThrow("ENOENT");
  });

  it("where the port is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { code, line } = await refusal("--listen", `127.0.0.1:${port}`);
    server.close();
    expect(code).toBe(3);
    expect(line).toContain(`cannot listen on 127.0.0.1:${port}: the port is in use`);
  });

  it("where the data directory cannot be written", async () => {
    await writeFile(data, "a file");
    const { code, line } = await refusal("--data-dir", join(data, "1"), ...anyPort);
    expect(code).toBe(4);
    expect(line).toContain(join(data, "1"));
  });

  it("where another node uses the data directory", async () => {
    await using first = NodeProcess.start({ args: ["--data-dir", data, ...anyPort] });
    await first.address();
    const { code, line } = await refusal("--data-dir", data, ...anyPort);
    expect(code).toBe(4);
    expect(line).toContain(`in use by process ${first.pid}`);
    expect(first.running).toBe(true);
  });

  it("where the data directory belongs to another node", async () => {
    await formed("1");
    const { code, line } = await refusal("--data-dir", data, "--id", "2", ...anyPort);
    expect(code).toBe(4);
    expect(line).toContain(`${data} belongs to node 1, but this is node 2`);
  });

  it("where a file is damaged", async () => {
    await formed("1");
    const logs = join(data, "logs");
    for (const name of await readdir(logs)) {
      if (name.startsWith("raft.db")) await writeFile(join(logs, name), "this is no database, by any means at all");
    }
    const { code, line } = await refusal("--data-dir", data, ...anyPort);
    expect(code).toBe(5);
    expect(line).toContain("raft.db");
  });

  it("where the log is gone", async () => {
    await formed("1");
    const logs = join(data, "logs");
    for (const name of await readdir(logs)) {
      if (name.startsWith("raft.db")) await rm(join(logs, name));
    }
    const { code, line } = await refusal("--data-dir", data, ...anyPort);
    expect(code).toBe(5);
    expect(line).toContain(data);
  });

  it.each([
    [["--bogus"], "unknown option '--bogus'"],
    [["--listen", "nowhere"], '--listen: found "nowhere", expected host:port'],
    [["--id", "0"], "option '--id <n>' argument '0' is invalid"],
    [["--storage", "no-such-package"], "there is no storage package no-such-package"],
    [["--storage", "@raftkv/raft-core"], "@raftkv/raft-core is not a storage package"],
    [["--config", "none.conf"], "cannot read the configuration"],
  ])("%j", async (args, message) => {
    await using node = NodeProcess.start({ args, cwd: directory.path });
    expect((await node.ended()).code).toBe(2);
    expect(node.stderr).toContain(message);
    expect(node.stderr).not.toMatch(/\n\s+at /);
  });

  const conf = { nodes: [1, 2].map((id) => ({ id, address: `127.0.0.1:${id}` })) };

  it.each([
    [{ nodes: [{ id: 1, address: "10.0.0.2" }] }, [], 'nodes[0].address: found "10.0.0.2", expected host:port'],
    [conf, [], "has nodes 1, 2: say which of them this is, with --id or RAFTKV_ID"],
    [conf, ["--id", "3"], "unknown member id 3"],
  ])("cluster.conf %j with %j", async (file, args, message) => {
    await writeFile(join(directory.path, "cluster.conf"), JSON.stringify(file));
    const { code, line } = await refusal("--config", "cluster.conf", ...args);
    expect(code).toBe(2);
    expect(line).toContain(message);
  });
});

describe("a founding node on a wiped data directory", () => {
  it("is refused by the others, with the way out, and the cluster goes on", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await cluster.leader();
    for (const id of cluster.ids) await cluster.node(id).waitFor("formed");
    await cluster.node(1).kill();
    await rm(cluster.dataDirectory(1), { recursive: true });
    await mkdir(cluster.dataDirectory(1));
    const wiped = cluster.startNode(1);
    expect((await wiped.ended()).code).toBe(7);
    expect(oneLine(wiped.stderr)).toMatch(/knows node 1 with another data directory .* Start it on its old data/);
    expect([2, 3]).toContain(await cluster.leader());
  });
});
