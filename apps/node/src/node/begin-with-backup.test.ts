import type { Membership } from "@raftkv/raft-core";
import { MemoryDisk } from "@raftkv/storage-memory";
import { describe, expect, it } from "vitest";
import { beginWithBackup } from "./begin-with-backup.ts";

const membership: Membership = {
  voters: [1],
  outgoingVoters: [],
  learners: [],
  members: [{ id: 1, address: "10.0.0.1:50051", memberId: "member-1" }],
};

async function formed() {
  const disk = new MemoryDisk();
  const open = async () => {
    const options = { dataDir: "", nodeId: 1, newMemberId: () => "member-1", onFailure: () => undefined };
    return (await disk.open(options)).raft;
  };
  const raft = await open();
  await raft.form("cluster", membership);
  const reopened = () => {
    disk.crash();
    return open();
  };
  return { raft, reopened };
}

describe("a log that begins with a backup", () => {
  it("begins where that was taken, with the founding membership, ahead of every empty log", async () => {
    const { raft } = await formed();
    await beginWithBackup(raft, 70);
    expect(await raft.load()).toMatchObject({
      base: { index: 70, term: 1, membership },
      lastIndex: 70,
      hardState: { term: 1, votedFor: undefined, commit: 70 },
    });
  });

  it("begins there also where the process ended between forming and that", async () => {
    const { reopened } = await formed();
    const raft = await reopened();
    await beginWithBackup(raft, 70);
    expect((await raft.load()).base.index).toBe(70);
  });

  it("is left as it is once it has begun, and where nothing was restored", async () => {
    const { raft } = await formed();
    await beginWithBackup(raft, 0);
    expect((await raft.load()).base.index).toBe(0);
    await beginWithBackup(raft, 70);
    await raft.write({ id: 1, append: [{ kind: "noop", term: 1, index: 71 }] });
    await beginWithBackup(raft, 71);
    expect(await raft.load()).toMatchObject({ base: { index: 70 }, lastIndex: 71 });
  });
});
