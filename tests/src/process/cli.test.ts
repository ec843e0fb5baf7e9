import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliMain } from "./harness/entry-points.ts";
import { freePorts } from "./harness/free-ports.ts";
import { NodeProcess } from "./harness/node-process.ts";
import { type CliOptions, type CliResult, runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("raftkv", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let node: NodeProcess;
  let address: string;
  let nobody: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    node = NodeProcess.start({ args: ["--data-dir", directory.path, "--listen", "127.0.0.1:0"] });
    address = await node.address();
    nobody = `127.0.0.1:${(await freePorts(1))[0]}`;
    await node.waitFor(({ fields }) => fields.role === "leader");
  });

  afterAll(async () => {
    await node.kill();
    await directory[Symbol.asyncDispose]();
  });

  const raftkv = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
    runCli(args, { ...options, env: { RAFTKV_ENDPOINTS: address, ...options.env } });

  const text = ({ stdout }: CliResult): string => stdout.toString("utf8");

  it("puts and gets: the value, a newline, nothing else", async () => {
    const put = await raftkv(["put", "greeting", "hello, world"]);
    expect(put).toMatchObject({ code: 0, stderr: "" });
    expect(text(put)).toMatch(/^OK, revision \d+\n$/);
    const got = await raftkv(["get", "greeting"]);
    expect(got).toMatchObject({ code: 0, stderr: "" });
    expect(text(got)).toBe("hello, world\n");
  });

  it("puts the bytes of standard input, whatever they are", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect((await raftkv(["put", "bytes", "-"], { input: bytes })).code).toBe(0);
    const got = await raftkv(["get", "bytes"]);
    expect(got.stdout).toEqual(Buffer.concat([bytes, Buffer.from("\n")]));
    const json = JSON.parse(text(await raftkv(["get", "bytes", "--output", "json"])));
    expect(json).toEqual(expect.objectContaining({ key: "bytes", valueBase64: Buffer.from(bytes).toString("base64") }));
  });

  it("carries out a transaction from standard input, and says which branch it took", async () => {
    await raftkv(["put", "txn/a", "1"]);
    const input = Buffer.from(
      'value("txn/a") = "1"\n\nput txn/a 2 --previous\nget txn/a\nrange txn/ --prefix --count\n\nget txn/none\n',
    );
    const done = await raftkv(["txn"], { input });
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(text(done)).toBe("SUCCESS\n\nOK\ntxn/a\t1\n\ntxn/a\t2\n\n1\n");
    const otherwise = JSON.parse(text(await raftkv(["txn", "-", "--output", "json"], { input })));
    expect(otherwise).toEqual({ succeeded: false, revision: expect.any(Number), results: [null] });
    const senseless = await raftkv(["txn"], { input: Buffer.from("size(a) = 1\n") });
    expect(senseless).toMatchObject({ code: 2, stderr: expect.stringContaining("line 1: size cannot be compared") });
  });

  it("shows ranges in other orders, counts them, and deletes them at once", async () => {
    for (const [key, value] of Object.entries({ "r/a": "3", "r/b": "1", "r/c": "2" }))
      await raftkv(["put", key, value]);
    const sorted = await raftkv(["range", "--prefix", "r/", "--sort", "value", "--desc", "--limit", "2"]);
    expect(text(sorted)).toBe("r/a\t3\nr/c\t2\n");
    expect(text(await raftkv(["range", "--prefix", "r/", "--count"]))).toBe("3\n");
    const { modRevision } = JSON.parse(text(await raftkv(["get", "r/b", "--output", "json"])));
    const later = await raftkv(["range", "--prefix", "r/", "--keys-only", "--min-mod-revision", `${modRevision + 1}`]);
    expect(text(later)).toBe("r/c\n");
    const gone = await raftkv(["del", "--prefix", "r/", "--previous"]);
    expect(text(gone)).toMatch(/^deleted 3 keys, revision \d+\nr\/a\t3\nr\/b\t1\nr\/c\t2\n$/);
    expect(text(await raftkv(["del", "--from", "r/", "--to", "r0"]))).toBe("nothing to delete: there is no such key\n");
  });

  it("reads as it is told to", async () => {
    await raftkv(["put", "level", "here"]);
    for (const flags of [
      ["--consistency", "serializable"],
      ["--max-staleness", "1000"],
      ["--min-revision", "1", "--consistency", "linearizable"],
    ]) {
      expect(text(await raftkv(["get", "level", ...flags]))).toBe("here\n");
      expect(text(await raftkv(["range", "level", ...flags]))).toBe("level\there\n");
    }
    const lease = await raftkv(["get", "level", "--consistency", "lease"]);
    expect(lease).toMatchObject({ code: 5, stderr: expect.stringContaining("lease_reads.max_clock_drift") });
    const future = await raftkv(["get", "level", "--min-revision", "1000000", "--timeout", "1000"]);
    expect(future).toMatchObject({ code: 3, stderr: expect.stringContaining("revision 1000000") });
    const contradiction = await raftkv(["get", "level", "--consistency", "linearizable", "--max-staleness", "5"]);
    expect(contradiction.code).toBe(2);
    expect((await raftkv(["get", "level", "--consistency", "eventual"])).code).toBe(2);
  });

  it("exits 1 where the key does not exist", async () => {
    const got = await raftkv(["get", "no-such-key"]);
    expect(got).toMatchObject({ code: 1, stderr: 'raftkv: there is no key "no-such-key"\n' });
    expect(text(got)).toBe("");
  });

  it("deletes, and says whether there was something to delete", async () => {
    await raftkv(["put", "short-lived", "x"]);
    expect(text(await raftkv(["del", "short-lived"]))).toMatch(/^deleted, revision \d+\n$/);
    const again = await raftkv(["del", "short-lived"]);
    expect(again.code).toBe(0);
    expect(text(again)).toBe("nothing to delete: there is no such key\n");
  });

  it("prints ranges by prefix and by bounds", async () => {
    for (const key of ["fruit/apple", "fruit/pear", "tree/oak"]) await raftkv(["put", key, key.toUpperCase()]);
    expect(text(await raftkv(["range", "--prefix", "fruit/"]))).toBe(
      "fruit/apple\tFRUIT/APPLE\nfruit/pear\tFRUIT/PEAR\n",
    );
    expect(text(await raftkv(["range", "fruit/pear"]))).toBe("fruit/pear\tFRUIT/PEAR\n");
    const none = await raftkv(["range", "fruit/"]);
    expect({ code: none.code, out: text(none), hint: none.stderr }).toEqual({
      code: 0,
      out: "",
      hint: 'raftkv: there is no key "fruit/"; for those that begin with it: --prefix\n',
    });
    expect(text(await raftkv(["range", "--from", "fruit/b", "--to", "g", "--keys-only"]))).toBe("fruit/pear\n");
    const json = text(await raftkv(["range", "--prefix", "fruit/", "--limit", "1", "--output", "json"]));
    expect(JSON.parse(json)).toMatchObject({ key: "fruit/apple", value: "FRUIT/APPLE", version: 1 });
  });

  it("shows the status of every member", async () => {
    const table = text(await raftkv(["status"]));
    expect(table).toContain(address);
    expect(table).toContain("leader");
    const [member] = JSON.parse(text(await raftkv(["status", "--output", "json"])));
    expect(member).toMatchObject({ nodeId: 1, address, role: "leader", leaderId: 1 });
  });

  it("goes on to the next endpoint where the first is down", async () => {
    const got = await raftkv(["get", "greeting", "--endpoints", `${nobody},${address}`]);
    expect(got).toMatchObject({ code: 0, stderr: "" });
  });

  it("exits 3 where nobody answers: the command was certainly not carried out", async () => {
    const put = await raftkv(["put", "a", "b", "--endpoints", nobody, "--timeout", "300"]);
    expect(put.code).toBe(3);
    expect(put.stderr).toMatch(/^raftkv: no answer within 300 ms .*ECONNREFUSED.*it did not take effect\n$/);
  });

  it("exits 5 where the cluster refuses", async () => {
    const put = await raftkv(["put", "k".repeat(5000), "v"]);
    expect(put.code).toBe(5);
    expect(put.stderr).toMatch(/^raftkv: .*4096.*\n$/);
  });

  it("changes only the lease, or only while a lock is held, and every key where that is meant", async () => {
    const none = { code: 5, stdout: Buffer.alloc(0) };
    const missing = await raftkv(["put", "kept", "--keep-value", "--ttl", "1h"]);
    expect(missing).toMatchObject({ ...none, stderr: expect.stringMatching(/^raftkv: the key does not exist/) });
    await raftkv(["put", "kept", "1"]);
    expect((await raftkv(["put", "kept", "--keep-value", "--ttl", "1h"])).code).toBe(0);
    const kept = JSON.parse(text(await raftkv(["get", "kept", "--output", "json"])));
    expect(kept).toMatchObject({ value: "1", version: 2, leaseId: expect.any(Number) });
    for (const args of [
      ["put", "kept", "2"],
      ["del", "kept"],
      ["del", "--all", "--yes"],
    ]) {
      const refused = await raftkv([...args, "--fence", "job/1f:7"]);
      expect(refused).toMatchObject({ ...none, stderr: expect.stringMatching(/^raftkv: the lock .*not held/) });
    }
    const input = Buffer.from("fence job/1f 7\n\ndel kept\n");
    expect((await raftkv(["txn"], { input })).code).toBe(5);
    const fenced = 'raftkv put kept 3 --fence "$RAFTKV_LOCK_FENCE"'.replace(
      "raftkv",
      `"${process.execPath}" "${cliMain}"`,
    );
    expect((await raftkv(["lock", "job", "--", "sh", "-c", fenced])).code).toBe(0);
    expect(text(await raftkv(["get", "kept"]))).toBe("3\n");
    expect(text(await raftkv(["del", "--all", "--yes"]))).toMatch(/^deleted \d+ keys, revision \d+\n$/);
    expect(text(await raftkv(["range"]))).toBe("");
  });

  it.each([
    [["lease", "revoke", "77"], 5, "raftkv: the lease has ended, or never was\n"],
    [["lease", "keep-alive", "77", "--once"], 5, "raftkv: the lease has ended, or never was\n"],
    [["lease", "time-left", "77"], 1, "raftkv: there is no lease 77: it has ended, or never was\n"],
    [["put", "a", "1", "--lease", "77"], 5, "raftkv: the lease has ended, or never was\n"],
    [["compact", "1000000"], 3, "raftkv: the store has not come to the revision yet\n"],
    [["member", "remove", "7", "--yes"], 5, expect.stringContaining("there is no node 7")],
  ])("exits as documented where the cluster refuses %j", async (args, code, stderr) => {
    expect(await raftkv(args)).toMatchObject({ code, stderr });
  });

  it.each([
    [["get", "\ufffd"], "is not valid UTF-8"],
    [["frobnicate"], "unknown command 'frobnicate'"],
  ])("exits 2 for %j", async (args, message) => {
    const result = await raftkv(args);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(text(result)).toBe("");
  });

  it.each([[[]], [["put"]], [["get"]], [["del"]], [["range"]], [["status"]]])(
    "%j --help has examples",
    async (command) => {
      const help = await raftkv([...command, "--help"]);
      expect(help.code).toBe(0);
      expect(text(help)).toMatch(/Examples:\n {2}raftkv /);
    },
  );
});
