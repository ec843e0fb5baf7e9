import { Role } from "@raftkv/proto/cluster";
import { describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

describe("status", () => {
  it("tells what one node says, as plain numbers and words", async () => {
    await using node = await ScriptedNode.start();
    await using kv = new RaftKv({ endpoints: [node.address] });
    node.status = { nodeId: 1n, role: Role.LEADER, term: 3n, leaderId: 1n, commitIndex: 9n, version: "1.2.3" };
    expect(await kv.status({ endpoint: `http://${node.address}` })).toMatchObject({
      nodeId: 1,
      role: "leader",
      term: 3,
      leaderId: 1,
      commitIndex: 9,
      version: "1.2.3",
    });
    node.status = { nodeId: 1n, role: Role.FOLLOWER };
    expect(await kv.status()).toMatchObject({ role: "follower", leaderId: undefined });
  });

  it("asks every member, and says of each that cannot answer why", async () => {
    await using node = await ScriptedNode.start();
    const down = await ScriptedNode.start();
    const { address } = down;
    await down.stop();
    await using kv = new RaftKv({ endpoints: [node.address] });
    node.status = {
      nodeId: 1n,
      members: [
        { nodeId: 1n, address: node.address },
        { nodeId: 2n, address },
      ],
    };
    const members = await kv.members();
    expect(members).toMatchObject([
      { nodeId: 1, status: { nodeId: 1 } },
      { nodeId: 2, address, error: { code: "DEADLINE_EXCEEDED" } },
    ]);
  });

  it("can be given up", async () => {
    await using node = await ScriptedNode.start();
    await using kv = new RaftKv({ endpoints: [node.address] });
    const abort = new AbortController();
    const status = kv.status({ signal: abort.signal });
    await node.until(() => node.statusCalls > 0);
    abort.abort();
    await expect(status).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("refuses an endpoint that is no address", async () => {
    await using kv = new RaftKv({ endpoints: ["127.0.0.1:1"] });
    await expect(kv.status({ endpoint: "127.0.0.1" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
