import { performance } from "node:perf_hooks";
import { type Lock, RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli, startCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const timeoutMs = 20_000;

async function haveLocks(kv: RaftKv): Promise<void> {
  await until("every node knows of leases", async () =>
    (await kv.members()).every(({ status }) => (status?.applyVersion ?? 0) >= 3) ? true : undefined,
  );
}

/** The keys of the queue, once there are so many. */
async function queueOf(
  kv: RaftKv,
  places: number,
): Promise<readonly { readonly key: string; readonly leaseId: number }[]> {
  return until(`${places} are in the queue`, async () => {
    const found: { key: string; leaseId: number }[] = [];
    for await (const { key, leaseId = 0 } of kv.range({ prefix: "job/", sortBy: "createRevision" })) {
      found.push({ key, leaseId });
    }
    return found.length === places ? found : undefined;
  });
}

/** As plain HTTP with JSON. */
async function callOverHttp<Answer>(endpoint: string, method: string, request: object): Promise<Answer> {
  const answer = await fetch(`http://${endpoint}/raftkv.kv.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return JSON.parse(await answer.text()) as Answer;
}

const lockOverHttp = (endpoint: string, leaseId: number) =>
  callOverHttp<object>(endpoint, "LockService/Lock", { nameText: "job", leaseId: `${leaseId}`, forward: true });

describe("locks of a cluster", () => {
  it("go after kill -9 of the holder to the next, not early, and on in the order of asking over the loss of the leader", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const endpoints = [...cluster.endpoints];
    await using kv = new RaftKv({ endpoints, timeoutMs });
    await haveLocks(kv);

    const ttlMs = 2_000;
    const holder = startCli(["lock", "job", "--ttl", `${ttlMs}ms`, "--endpoints", endpoints.join(",")]);
    const [held] = await queueOf(kv, 1);
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) ?? leader;
    const order: number[] = [];
    const locks: Promise<Lock>[] = [];
    await using lease = await kv.leases.grant(30_000);
    for (let i = 0; i < 5; i++) {
      // One of them waits on the server.
      const got = i === 2 ? lockOverHttp(cluster.endpoint(follower), lease.id) : kv.lock("job");
      got.then(() => order.push(i)).catch(() => undefined);
      if (i !== 2) locks.push(got as Promise<Lock>);
      await queueOf(kv, i + 2);
    }
    const asked = performance.now();
    const leftMs = (await kv.leases.timeLeft(held?.leaseId ?? 0)) ?? 0;
    holder.signal("SIGKILL");
    const first = await locks[0];
    const waitedMs = performance.now() - asked;
    expect(waitedMs).toBeGreaterThanOrEqual(leftMs);
    expect(waitedMs).toBeLessThan(ttlMs + 5_000);
    expect(order).toEqual([0]);

    await cluster.node(leader).kill();
    await kv.put("written", "by the first", { ...(first && { fence: first.fence }) });
    await first?.release();
    await (await locks[1])?.release();
    await until("the third has it", async () => (order.length === 3 ? true : undefined));
    await lease.revoke();
    for (const lock of locks.slice(2)) await (await lock).release();
    expect(order).toEqual([0, 1, 2, 3, 4]);
    const tokens = (await Promise.all(locks)).map(({ fence }) => fence.token);
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  });

  it("row 50: of a holder that was paused go to the next, and what it writes after is refused by its fence", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1 });
    const at = ["--endpoints", cluster.endpoints.join(",")];
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs });
    await haveLocks(kv);

    const paused = startCli(["lock", "job", "--ttl", "1s", ...at]);
    const [held] = await queueOf(kv, 1);
    const fence = { key: held?.key ?? "", token: (await kv.get(held?.key ?? ""))?.createRevision ?? 0 };
    await kv.put("written", "in time", { fence });
    paused.signal("SIGSTOP");
    const command = `process.stdout.write(process.env.RAFTKV_LOCK_KEY + " " + process.env.RAFTKV_LOCK_TOKEN); process.exitCode = 7`;
    const next = await runCli(["lock", "job", ...at, "--", process.execPath, "-e", command]);
    expect(next.code).toBe(7);
    const [key, token] = next.stdout.toString().split(" ");
    expect(key).toMatch(/^job\/[0-9a-f]+$/);
    expect(Number(token)).toBeGreaterThan(fence.token);
    await expect(kv.put("written", "too late", { fence })).rejects.toMatchObject({ code: "FENCED" });
    paused.signal("SIGCONT");
    const ended = await paused.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({
      code: 5,
      stderr: "raftkv: the lock job was lost while it was held\n",
    });

    await using _ = await kv.lock("job");
    const late = await runCli(["lock", "job", "--wait", "200ms", ...at, "--", process.execPath, "-e", "0"]);
    expect({ code: late.code, stderr: late.stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("its turn did not come within 200 ms"),
    });
  });

  it("run a command, which gets the signals and is ended where the lock is lost; elections too, and are observed", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1 });
    const at = ["--endpoints", cluster.endpoints.join(",")];
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs });
    await haveLocks(kv);

    const run = (script: string) =>
      startCli(["lock", "job", "--ttl", "1s", ...at, "--", process.execPath, "-e", script]);
    const deaf = `process.on("SIGTERM", () => process.exit(42)); console.error("runs"); setInterval(() => 0, 1000)`;
    const signalled = run(deaf);
    await signalled.saysOnStderr(/runs/);
    signalled.signal("SIGTERM");
    expect((await signalled.ended).code).toBe(42);
    await queueOf(kv, 0);

    const lost = run(deaf);
    await lost.saysOnStderr(/runs/);
    await kv.leases.revoke((await queueOf(kv, 1))[0]?.leaseId ?? 0);
    const ended = await lost.ended;
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain("the lock job was lost");

    const observer = startCli(["elect", "boss", "--observe", ...at]);
    await observer.saysOnStdout(/nobody/);
    const leader = `setTimeout(() => 0, 50); console.error("leads")`;
    for (const value of ["a", "b"]) {
      const elected = await runCli(["elect", "boss", "--value", value, ...at, "--", process.execPath, "-e", leader]);
      expect({ code: elected.code, stderr: elected.stderr }).toEqual({ code: 0, stderr: "leads\n" });
    }
    await using boss = await kv.election("boss").campaign("c");
    await boss.proclaim("the last");
    await observer.saysOnStdout(/the last/);
    await boss.resign();

    // On the same name, by the service.
    const election = <Answer>(method: string, request: object) =>
      callOverHttp<Answer>(cluster.endpoint(1), `ElectionService/${method}`, request);
    const leases = <Answer>(method: string, request: object) =>
      callOverHttp<Answer>(cluster.endpoint(1), `KvService/${method}`, request);
    const { leaseId } = await leases<{ readonly leaseId: string }>("GrantLease", { ttlMs: "30000" });
    expect(await leases("KeepLeaseAlive", { leaseId })).toEqual({ ttlMs: "30000" });
    const campaign = { nameText: "boss", valueText: "by HTTP", leaseId };
    const { leadership } = await election<{ readonly leadership: object }>("Campaign", campaign);
    const next = kv.election("boss").campaign("d");
    await election("Proclaim", { leadership, valueText: "still by HTTP" });
    expect(await election("Leader", { nameText: "boss" })).toMatchObject({ entry: { valueText: "still by HTTP" } });
    expect((await kv.election("boss").leader())?.text).toBe("still by HTTP");
    expect(await election("Resign", { leadership })).toMatchObject({ resigned: true });
    await using _next = await next;
    await observer.saysOnStdout(/\td$/m);
    observer.signal("SIGINT");
    const told = (await observer.ended).stdout.toString();
    expect(
      told
        .match(/nobody|\t.*$/gm)
        ?.map((line) => line.trim())
        .join(" "),
    ).toBe("nobody a nobody b nobody c the last nobody by HTTP still by HTTP d");

    const pool = kv.semaphore("pool", 2);
    const [permit] = [await pool.acquire(), await pool.acquire()];
    const [third, fourth] = [pool.acquire(), pool.acquire({ timeoutMs: 300 })];
    await expect(fourth).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await permit.release();
    expect((await third).fence.token).toBeGreaterThan(permit.fence.token);
    await kv.barrier("gate").hold({ ttlMs: 300 });
    await kv.barrier("gate").wait();
    expect(await kv.get("gate"), "it went by itself").toBeUndefined();

    const missing = await runCli(["lock", "job", ...at, "--", "/no/such/program"]);
    expect(missing.code).toBe(2);
    await queueOf(kv, 0);
  });
});
