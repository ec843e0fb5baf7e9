import { existsSync } from "node:fs";
import { join } from "node:path";
import { RaftKv } from "@raftkv/kv-client";
import { open } from "@raftkv/storage-sqlite";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

/** Another value for one write, and a checksum that fits it: as only a hash of all that is there can find. */
async function damage(dataDir: string, value: string): Promise<void> {
  const onFailure = (error: Error) => {
    throw error;
  };
  const { raft, state } = await open({ dataDir, nodeId: undefined, newMemberId: () => "none", onFailure });
  const rows = await state.scan({ from: Buffer.from("r"), to: Buffer.from("s"), limit: 1_000, maxBytes: 1_000_000 });
  const row = rows.find((one) => Buffer.from(one.value).includes(value));
  if (row === undefined) throw new Error(`no row has the value ${value}`);
  const rotten = Uint8Array.from(row.value, (byte, i) => (i === row.value.length - 1 ? byte ^ 1 : byte));
  await state.write({ appliedIndex: state.appliedIndex(), changes: [{ key: row.key, value: rotten }] });
  await state.close();
  await raft.close();
}

describe("raftkv check", () => {
  it("finds a row that was changed on a disk; its node takes itself out, stays out after a restart, and the others serve", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const endpoints = ["--endpoints", cluster.endpoints.join(",")];
    const check = async (timeoutMs = 20_000) => {
      const args = ["check", "--output", "json", "--timeout", String(timeoutMs), ...endpoints];
      const { code, stdout, stderr } = await runCli(args);
      return { code, stderr, report: JSON.parse(stdout.toString() || "{}") };
    };
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
    for (let i = 1; i <= 20; i++) await kv.put(`key${i}`, `value ${i}.`);
    const { modRevision = 0 } = (await kv.get("key7")) ?? {};
    await until("states to be compared", async () => {
      const members = await kv.members();
      return members.every(({ status }) => status?.applyVersion === 3) || undefined;
    });
    expect(await check()).toMatchObject({ code: 0, report: { code: "OK", outcome: "same", revision: 21 } });

    const leader = await cluster.leader();
    const wrong = cluster.ids.find((id) => id !== leader) ?? 0;
    const rest = cluster.ids.filter((id) => id !== wrong);
    await cluster.node(wrong).stop();
    await damage(cluster.dataDirectory(wrong), "value 7.");
    const damaged = cluster.startNode(wrong);
    await damaged.waitFor("listening");
    await cluster.caughtUp(wrong);
    await kv.put("key1", "another");

    const found = await check();
    expect(found).toMatchObject({ code: 7, report: { code: "STATES_DIFFER", outcome: "different" } });
    expect(found.stderr).toMatch(`the state of node ${wrong} differs from that of the majority`);
    const nodes: readonly Record<string, unknown>[] = found.report.nodes;
    for (const id of rest)
      expect(nodes.find(({ nodeId }) => nodeId === id)).toMatchObject({ verdict: "same", keys: 20 });
    expect(nodes.find(({ nodeId }) => nodeId === wrong)).toMatchObject({
      verdict: "different",
      differsIn: ["writes"],
      firstDifference: { after: modRevision - 1, upTo: modRevision },
    });

    expect(await damaged.exited).toMatchObject({ code: 5 });
    expect(damaged.stderr).toMatch(/differs from that of a majority, nodes .* in what its database holds/);
    expect(existsSync(join(cluster.dataDirectory(wrong), "damaged"))).toBe(true);
    const again = cluster.startNode(wrong);
    expect(await again.exited).toMatchObject({ code: 5 });
    expect(again.stderr).toMatch(`raftkv member replace ${wrong} ADDRESS`);
    await expect(again.waitFor("listening")).rejects.toThrow();

    await kv.put("key2", "goes on");
    // For so long the node that is down is waited for.
    const incomplete = await check(4_000);
    expect(incomplete).toMatchObject({ code: 3, report: { code: "INCOMPLETE", outcome: "incomplete" } });
    expect(incomplete.stderr).toMatch(`node ${wrong} could not be compared, the others are the same`);
  });
});
