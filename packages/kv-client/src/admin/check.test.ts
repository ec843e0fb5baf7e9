import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { CheckResultResponseSchema, CheckStage, Role } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusal, ScriptedNode } from "../testing/scripted-node.ts";
import { RaftKvAdmin } from "./raft-kv-admin.ts";

type Result = MessageInitShape<typeof CheckResultResponseSchema>;

let nodes: ScriptedNode[];
let admin: RaftKvAdmin;
let begun: number;

const members = () =>
  nodes.map(({ address }, i) => ({ nodeId: BigInt(i + 1), address, memberId: `m${i + 1}`, learner: i === 3 }));

beforeEach(async () => {
  nodes = [];
  for (let i = 0; i < 4; i++) nodes.push(await ScriptedNode.start());
  begun = 0;
  for (const [i, node] of nodes.entries()) {
    const role = i === 0 ? Role.LEADER : Role.FOLLOWER;
    node.status = { members: members(), membershipCommitted: true, leaderId: 1n, nodeId: BigInt(i + 1), role };
    answers(i + 1, done(i + 1));
  }
  admin = new RaftKvAdmin({ endpoints: [nodes[0]?.address ?? ""], random: () => 0, timeoutMs: 1_000 });
});

afterEach(async () => {
  await admin.close();
  for (const node of nodes) await node.stop();
});

/** What the node answers, one after the other, the last one for good. */
function answers(id: number, ...results: readonly Result[]): void {
  const node = nodes[id - 1];
  if (node === undefined) throw new Error(`there is no node ${id}`);
  const left = [...results];
  node.cluster = {
    beginCheck: () => ({ index: BigInt(++begun * 10) }),
    checkResult: ({ index }) => {
      const result = create(CheckResultResponseSchema, (left.length > 1 ? left.shift() : left[0]) ?? {});
      if (result.checked !== undefined) result.checked.index = index;
      return result;
    },
  };
}

function done(id: number, fingerprint = 1): Result {
  const hash = Uint8Array.of(fingerprint);
  const parts = [
    { name: "keys", hash: Uint8Array.of(0) },
    { name: "writes", hash },
  ];
  const revisions = [
    { revision: 4n, hash: 1n },
    { revision: 8n, hash: BigInt(fingerprint) },
  ];
  const checked = { index: 10n, revision: 8n, keys: 3n, fingerprint: hash, parts, revisions };
  return at(id, CheckStage.DONE, { appliedIndex: 12n, bytesTotal: 100n, checked });
}

function at(id: number, stage: CheckStage, more: Result = {}): Result {
  return { nodeId: BigInt(id), memberId: `m${id}`, stage, ...more };
}

const verdicts = (report: { nodes: readonly { nodeId: number; verdict: string }[] }) =>
  report.nodes.map(({ verdict }) => verdict);

describe("a check", () => {
  it("waits until every member has read its state, and tells how far they have come", async () => {
    answers(2, at(2, CheckStage.WAITING), at(2, CheckStage.RUNNING, { bytesRead: 50n, bytesTotal: 100n }), done(2));
    const progress: number[] = [];
    const report = await admin.check({ onProgress: (read) => progress.push(read) });
    expect(report).toMatchObject({ index: 10, revision: 8, outcome: "same" });
    expect(verdicts(report)).toEqual(["same", "same", "same", "same"]);
    expect(report.nodes[1]).toMatchObject({ appliedIndex: 12, keys: 3, fingerprint: "01", differsIn: [] });
    expect(progress).toEqual([300, 350, 400]);
  });

  it("names who differs from the majority of voters, in what, and between which revisions", async () => {
    answers(3, done(3, 2));
    answers(4, done(4, 2));
    const report = await admin.check();
    expect(report.outcome).toBe("different");
    expect(verdicts(report)).toEqual(["same", "same", "different", "different"]);
    expect(report.nodes[2]).toMatchObject({ differsIn: ["writes"], firstDifference: { after: 4, upTo: 8 } });
  });

  it("calls nobody right where no majority of voters agrees", async () => {
    answers(2, done(2, 2));
    answers(3, done(3, 3));
    expect(verdicts(await admin.check())).toEqual(["different", "different", "different", "different"]);
  });

  it("gives up who stands still, and says who and why", async () => {
    answers(2, at(2, CheckStage.WAITING, { appliedIndex: 7n }));
    await nodes[2]?.stop();
    answers(4, { ...done(4), memberId: "another" });
    const report = await admin.check({ timeoutMs: 300 });
    expect(report.outcome).toBe("incomplete");
    expect(verdicts(report)).toEqual(["same", "behind", "unreachable", "unreachable"]);
    expect(report.nodes[1]?.reason).toBe("it has applied index 7 of 10");
    expect(report.nodes[3]?.reason).toBe("another node listens there");
  });

  it("is begun again, a few times, where a member could not take part", async () => {
    answers(2, at(2, CheckStage.COMPACTING), done(2));
    expect(await admin.check()).toMatchObject({ index: 20, outcome: "same" });
    answers(2, at(2, CheckStage.MISSED));
    const report = await admin.check();
    expect(report).toMatchObject({ index: 50, outcome: "incomplete" });
    expect(report.nodes[1]).toMatchObject({ verdict: "unknown", reason: expect.stringContaining("check again") });
  });

  it("rejects where it is refused, given up or closed under", async () => {
    const [leader] = nodes;
    if (leader === undefined) throw new Error("there is no leader");
    leader.cluster = {
      beginCheck: () => {
        throw refusal({ code: ErrorCode.NO_HISTORY, message: "upgrade all nodes" });
      },
    };
    await expect(admin.check()).rejects.toMatchObject({ code: "NO_HISTORY" });
    answers(1, at(1, CheckStage.RUNNING));
    const giveUp = new AbortController();
    const onProgress = () => giveUp.abort();
    await expect(admin.check({ signal: giveUp.signal, onProgress })).rejects.toMatchObject({ code: "ABORTED" });
    await expect(admin.check({ onProgress: () => void admin.close() })).rejects.toMatchObject({ code: "CLOSED" });
    await expect(admin.check()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
