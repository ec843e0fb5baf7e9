import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const quotaBytes = 2 * 1024 * 1024;
const value = "x".repeat(32 * 1024);

describe("a node with a quota", () => {
  it("refuses puts beyond it, takes deletes, and takes puts again by itself once history has gone", async () => {
    await using directory = await temporaryDirectory();
    const config = { quota_bytes: quotaBytes, history: { max_age: 1_000 } };
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1, config });
    const endpoints = [...cluster.endpoints];
    await using kv = new RaftKv({ endpoints, timeoutMs: 20_000 });
    const put = (n: number) => kv.put(`key/${n}`, value).then(() => undefined);
    const outcome = (n: number) => put(n).catch((error: { readonly code: string }) => error.code);

    let written = 0;
    const code = await until("the quota to be reached", async () => {
      for (let i = 0; i < 8; i++) {
        const refused = await outcome(written);
        if (refused !== undefined) return refused;
        written++;
      }
      return undefined;
    });
    expect(code).toBe("QUOTA_EXCEEDED");
    const refused = await runCli(["put", "more", "x", "--endpoints", ...endpoints]);
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining("quota_bytes in cluster.conf") });
    const status = await runCli(["status", "--endpoints", ...endpoints]);
    expect(status.stdout.toString()).toContain("of its quota of 2.0 MiB: only deletes and compaction are taken");

    for (let n = 0; n < written; n++) await kv.delete(`key/${n}`);
    await until("room", async () => ((await outcome(0)) === undefined ? true : undefined));
    expect((await kv.get("key/0"))?.value.length).toBe(value.length);
  });
});
