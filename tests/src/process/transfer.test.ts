import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("an export", () => {
  it("is imported again, byte by byte, as often as one likes, and a line that is wrong is named", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1 });
    const endpoints = [...cluster.endpoints];
    const run = (args: readonly string[], input?: Uint8Array | string) =>
      runCli([...args, "--endpoints", ...endpoints], input === undefined ? {} : { input });
    await using kv = new RaftKv({ endpoints, timeoutMs: 20_000 });
    const binary = Uint8Array.of(0x62, 0x2f, 0xff, 0x00);
    const writes = Array.from({ length: 3_000 }, (_, n) => kv.put(`a/${n}`, `value ${n}`));
    await Promise.all([...writes, kv.put(binary, binary), kv.put("c", "é\n")]);

    const exported = await run(["export"]);
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    expect(exported.stdout.toString().split("\n")).toHaveLength(3_003);
    const part = await run(["export", "--prefix", "c"]);
    expect(part.stdout.toString()).toBe('{"key":"c","value":"é\\n"}\n');

    await Promise.all(Array.from({ length: 3_000 }, (_, n) => kv.delete(`a/${n}`)));
    await kv.put(binary, "other");
    for (let times = 0; times < 2; times++) {
      const imported = await run(["import", "--output", "json"], exported.stdout);
      expect(imported).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(imported.stdout.toString())).toEqual({ keys: 3_002 });
    }
    expect((await run(["export"])).stdout.equals(exported.stdout)).toBe(true);
    // What does not live for ever does not come to by a transfer.
    await using lease = await kv.leases.grant(600_000);
    await Promise.all([
      kv.put("t/lease", "1", { lease }),
      kv.put("t/own", "1", { ttlMs: 300_000 }),
      kv.put("t/ever", "1"),
    ]);
    const leased = await run(["export", "--prefix", "t/"]);
    await Promise.all([lease.revoke(), kv.delete("t/own"), kv.delete("t/ever")]);
    expect((await run(["import"], leased.stdout)).code).toBe(0);
    const leftOf = async (key: string) => {
      const { leaseId = 0 } = (await kv.get(key)) ?? {};
      return leaseId === 0 ? Number.POSITIVE_INFINITY : ((await kv.leases.timeLeft(leaseId)) ?? 0);
    };
    for (const [key, ttlMs] of [
      ["t/lease", 600_000],
      ["t/own", 300_000],
    ] as const) {
      const left = await leftOf(key);
      expect([left <= ttlMs, left > ttlMs - 60_000], key).toEqual([true, true]);
    }
    expect(await leftOf("t/ever")).toBe(Number.POSITIVE_INFINITY);
    const wrong = await run(["import"], '{"key":"d","value":"1"}\n{"key":"e"}\n');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("line 2: expected either value") });
    const missing = await run(["import", "no-such-file"]);
    expect(missing.stderr).toMatch(/^raftkv: no-such-file cannot be read: ENOENT[^\n]*\n$/);
    expect(missing.code).toBe(2);
  });
});
