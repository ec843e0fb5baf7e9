import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { NarrowPipe } from "./harness/narrow-pipe.ts";
import { type CliResult, runCli, startCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

/** Nobody leads but by what the operator does, on a busy machine too. */
const patient = { election_timeout: { min: 1_500, max: 3_000 } };

/** A cluster of three, and `raftkv` as its operator runs it. */
async function operate(directory: string) {
  const cluster = await ClusterProcess.start({ directory, config: patient });
  await cluster.leader();
  const options = { env: { RAFTKV_ENDPOINTS: cluster.endpoints.join(",") } };
  const raftkv = (...args: readonly string[]): Promise<CliResult> => runCli(["--timeout", "15000", ...args], options);
  return {
    cluster,
    raftkv,
    begin: (...args: readonly string[]) => startCli(["--timeout", "15000", ...args], options),
    /** What a command that succeeds says to machines. */
    json: async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await raftkv(...args, "--output", "json");
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout.toString("utf8"));
    },
  };
}

const text = ({ stdout }: CliResult): string => stdout.toString("utf8");

/** "1 2 3 4?": the ids, where ? marks a learner. */
const inShort = ({
  members,
}: {
  readonly members: readonly { readonly nodeId: number; readonly learner: boolean }[];
}) => members.map(({ nodeId, learner }) => `${nodeId}${learner ? "?" : ""}`).join(" ");

/** Who a node is fits through a pipe so narrow; of what `fill` writes, not one batch does. */
const narrowBytes = 64 * 1024;

async function fill(cluster: ClusterProcess): Promise<void> {
  await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 30_000 });
  const value = new Uint8Array(32 * 1024).fill(7);
  await Promise.all(Array.from({ length: 64 }, (_, number) => kv.put(`key-${number}`, value)));
}

describe("raftkv member", () => {
  it("adds a node that waits, until it votes, and removes it again, with what that means", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, raftkv, json } = await operate(directory.path);
    await using _ = cluster;
    const nobody = await raftkv("member", "add", "127.0.0.1:1");
    expect(nobody.code).toBe(5);
    expect(nobody.stderr).toMatch(/no raftkv node answers at 127\.0\.0\.1:1 .*--join/);

    await cluster.startJoining(4);
    const added = await raftkv("member", "add", cluster.endpoint(4), "--priority", "7");
    expect(added).toMatchObject({ code: 0, stderr: expect.stringMatching(/has joined as node 4.*\nnode 4: \d+%/) });
    expect(text(added)).toMatch(
      /^node 4 at .* is a voter\nnote: 4 voters, which tolerate 1 failure: no more than 3 did/,
    );
    expect(text(await raftkv("member", "list"))).toMatch(/4 voters, which tolerate 1 failure/);
    const again = await json("member", "add", cluster.endpoint(4));
    expect(again).toMatchObject({ nodeId: 4, added: false, voters: 4 });
    expect((await json("member", "list")).members[3]).toMatchObject({ nodeId: 4, learner: false, priority: 7 });

    const unsure = await raftkv("member", "remove", "4");
    expect(unsure).toMatchObject({ code: 2, stderr: expect.stringContaining("add --yes") });
    expect(inShort(await json("member", "list"))).toBe("1 2 3 4");
    expect(text(await raftkv("member", "demote", "4"))).toBe("node 4 is a learner\n");
    expect(inShort(await json("member", "list"))).toBe("1 2 3 4?");
    expect(await json("member", "remove", "4", "--yes")).toMatchObject({ nodeId: 4, voters: 3 });
    expect(inShort(await json("member", "list"))).toBe("1 2 3");
    expect((await cluster.node(4).ended()).code).toBe(7);
    const unknown = await raftkv("member", "promote", "4");
    expect(unknown).toMatchObject({ code: 5, stderr: expect.stringContaining("there is no node 4") });
  });

  it("refuses what would lose the quorum, with the reason", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, raftkv, json } = await operate(directory.path);
    await using _ = cluster;
    const leader = await cluster.leader();
    const [dead, alive] = cluster.ids.filter((id) => id !== leader);
    await cluster.node(Number(dead)).kill();
    const silent = new RegExp(`without node ${dead} the voters would be no quorum.*--force`);
    await expect
      .poll(() => raftkv("member", "remove", String(alive), "--yes"), { timeout: 30_000 })
      .toMatchObject({ code: 5, stderr: expect.stringMatching(silent) });
    expect(inShort(await json("member", "list"))).toBe("1 2 3");
  });
});

describe("raftkv member replace", () => {
  it("puts a new node in the place of a dead one, and of the leader", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, raftkv, json } = await operate(directory.path);
    await using _ = cluster;
    const first = await cluster.leader();
    const dead = cluster.ids.find((id) => id !== first) ?? 0;
    await cluster.node(dead).kill();
    await cluster.startJoining(4);
    const replaced = await raftkv("member", "replace", String(dead), cluster.endpoint(4));
    expect(replaced, replaced.stderr).toMatchObject({ code: 0 });
    expect(text(replaced)).toBe(`node 4 at ${cluster.endpoint(4)} has taken the place of node ${dead}\n`);

    const { nodeId: leader } = await json("leader", "show");
    await cluster.startJoining(5);
    const result = await json("member", "replace", String(leader), cluster.endpoint(5));
    expect(result).toMatchObject({ replaced: leader, nodeId: 5, changed: true, voters: 3, joint: false });
    expect((await cluster.node(leader).ended()).code).toBe(7);
    const ids = [1, 2, 3, 4, 5].filter((id) => id !== dead && id !== leader);
    expect(inShort(await json("member", "list"))).toBe(ids.join(" "));
    const again = await json("member", "replace", String(leader), cluster.endpoint(5));
    expect(again).toMatchObject({ changed: false });
    await using kv = new RaftKv({ endpoints: [cluster.endpoint(5)], timeoutMs: 15_000 });
    await kv.put("after", "all that");
  });

  it("is undone by Ctrl-C: the learner is gone, and the members are as before", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, begin, json } = await operate(directory.path);
    await using _ = cluster;
    await using pipe = await NarrowPipe.open(narrowBytes);
    await fill(cluster);
    await cluster.startJoining(4, ["--advertise", pipe.address]);
    pipe.leadTo(cluster.endpoint(4));
    const before = await json("member", "list");

    const replacing = begin("member", "replace", "3", pipe.address);
    await replacing.saysOnStderr(/has joined as node 4, a learner\nnode 4: \d+%/);
    expect(inShort(await json("member", "list"))).toBe("1 2 3 4?");
    replacing.signal("SIGINT");
    replacing.signal("SIGINT"); // As when npx passes it on.
    const { code, stderr, stdout } = await replacing.ended;
    expect([code, stdout.length]).toEqual([130, 0]);
    expect(stderr).toMatch(/interrupted: undoing .*\nremoving the learner 4 again\nraftkv: .*members are as before/);
    expect((await json("member", "list")).members).toEqual(before.members);
  });

  it("is undone where Ctrl-C ends those too who read what it says", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, begin, json } = await operate(directory.path);
    await using _ = cluster;
    await using pipe = await NarrowPipe.open(narrowBytes);
    await fill(cluster);
    await cluster.startJoining(4, ["--advertise", pipe.address]);
    pipe.leadTo(cluster.endpoint(4));
    const replacing = begin("member", "replace", "3", pipe.address);
    await replacing.saysOnStderr(/node 4: \d+%/);
    replacing.stopReading();
    replacing.signal("SIGINT");
    expect((await replacing.ended).code).toBe(130);
    expect(inShort(await json("member", "list"))).toBe("1 2 3");
  });

  it("ends at once with a second Ctrl-C, where undoing cannot go on, and says how to clean up", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, begin } = await operate(directory.path);
    await using _ = cluster;
    await using pipe = await NarrowPipe.open(narrowBytes);
    await fill(cluster);
    await cluster.startJoining(4, ["--advertise", pipe.address]);
    pipe.leadTo(cluster.endpoint(4));
    // Whoever led would refuse, at once, what it cannot commit.
    const leader = await cluster.leader();
    const replaced = cluster.ids.find((id) => id !== leader);
    const replacing = begin("member", "replace", `${replaced}`, pipe.address);
    await replacing.saysOnStderr(/node 4: \d+%/);
    await Promise.all(cluster.ids.filter((id) => id !== replaced).map((id) => cluster.node(id).kill()));
    replacing.signal("SIGINT");
    await replacing.saysOnStderr(/removing the learner 4 again/);
    // What comes soon after the first is the same Ctrl-C, passed on by the processes above.
    await until("its end", async () => {
      replacing.signal("SIGINT");
      return replacing.hasEnded() || undefined;
    });
    const { code, stderr } = await replacing.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/raftkv: ended at once: node 4 at .* is still a learner; .* raftkv member remove 4\n$/);
  });

  it("goes on where things stand after it was killed, and leaves there what it has found there", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, begin, raftkv, json } = await operate(directory.path);
    await using _ = cluster;
    await using pipe = await NarrowPipe.open(narrowBytes);
    await fill(cluster);
    await cluster.startJoining(4, ["--advertise", pipe.address]);
    pipe.leadTo(cluster.endpoint(4));

    const killed = begin("member", "replace", "3", pipe.address);
    await killed.saysOnStderr(/node 4: \d+%/);
    killed.signal("SIGKILL");
    await killed.ended;
    expect(inShort(await json("member", "list"))).toBe("1 2 3 4?");
    const status = await json("status");
    expect(status[3]).toMatchObject({ nodeId: 4, learner: true, replication: { lagEntries: expect.any(Number) } });
    expect(status[3].replication.lagEntries).toBeGreaterThan(0);

    const interrupted = begin("member", "replace", "3", pipe.address);
    await interrupted.saysOnStderr(/is a learner already: going on from there\nnode 4: \d+%/);
    interrupted.signal("SIGINT");
    expect(await interrupted.ended).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/still a learner; to take it back: raftkv member remove 4 \(it was one/),
    });

    pipe.widen();
    const replaced = await raftkv("member", "replace", "3", pipe.address);
    expect(replaced, replaced.stderr).toMatchObject({ code: 0 });
    expect(inShort(await json("member", "list"))).toBe("1 2 4");
  });
});

describe("raftkv leader, snapshot and status", () => {
  it("hand over, write out, and tell how far each has come", async () => {
    await using directory = await temporaryDirectory();
    const { cluster, raftkv, json } = await operate(directory.path);
    await using _ = cluster;
    await fill(cluster);
    const { nodeId: from } = await json("leader", "show");
    const to = cluster.ids.find((id) => id !== from) ?? 0;
    const moved = await raftkv("leader", "transfer", String(to));
    expect(text(moved), moved.stderr).toMatch(
      new RegExp(`^node ${to} leads, after \\d+ ms; before, node ${from} did\n$`),
    );
    expect(await json("leader", "show")).toMatchObject({ nodeId: to });
    expect(await json("leader", "transfer", String(to))).toMatchObject({ from: to, leaderId: to });
    expect((await json("leader", "transfer")).leaderId).not.toBe(to);
    const unknown = await raftkv("leader", "transfer", "9");
    expect(unknown).toMatchObject({ code: 5, stderr: expect.stringContaining("there is no node 9") });

    const { commitIndex } = (await json("status"))[0];
    const snapshots = await json("snapshot", "now", "--all");
    expect(snapshots.map(({ nodeId }: { nodeId: number }) => nodeId)).toEqual([1, 2, 3]);
    for (const { durableIndex } of snapshots) expect(durableIndex).toBeGreaterThanOrEqual(commitIndex - 1);
    expect(await json("snapshot", "now", "2")).toMatchObject([{ nodeId: 2 }]);

    const status = await json("status");
    const leads = status.filter(({ role }: { role: string }) => role === "leader");
    expect(leads).toHaveLength(1);
    for (const member of status) {
      if (member === leads[0]) expect(member.replication).toBeUndefined();
      else expect(member.replication).toMatchObject({ state: "replicate", recentlyActive: true });
    }
    expect(text(await raftkv("status"))).toMatch(/REPLICATION │ LAG/);
  });
});

it.each([
  [["member"]],
  [["member", "list"]],
  [["member", "add"]],
  [["member", "replace"]],
  [["member", "remove"]],
  [["member", "promote"]],
  [["member", "demote"]],
  [["member", "move"]],
  [["member", "priority"]],
  [["member", "leave-joint"]],
  [["leader"]],
  [["leader", "show"]],
  [["leader", "transfer"]],
  [["snapshot"]],
  [["snapshot", "now"]],
])("%j --help has examples", async (command) => {
  const help = await runCli([...command, "--help"]);
  expect(help.code).toBe(0);
  expect(text(help)).toMatch(/Examples:\n {2}raftkv /);
});
