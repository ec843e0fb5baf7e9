import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

let node: ScriptedNode;

beforeEach(async () => {
  node = await ScriptedNode.start();
});

afterEach(() => node.stop());

describe("close", () => {
  it("waits for the calls under way, then closes the session", async () => {
    const kv = new RaftKv({ endpoints: [node.address] });
    const put = kv.put("a", "1");
    await kv.close();
    expect(await put).toEqual({ revision: 1 });
    expect(node.texts).toEqual(["openSession", "1/1: put a=1", "1/2: closeSession"]);
    expect(node.store.sessions.size).toBe(0);
  });

  it("rejects what is not settled in time, and says whether it may have happened", async () => {
    const clock = new ManualClock();
    const kv = new RaftKv({ endpoints: [node.address], clock, maxInflightBatches: 1 });
    await kv.put("a", "1");
    node.script = () => undefined;
    const sent = kv.put("b", "2");
    await node.receivedAtLeast(3);
    const unsent = kv.put("c", "3");
    const read = kv.get("a");
    const ends = Promise.allSettled([sent, unsent, read]);
    const closed = kv.close({ timeoutMs: 100 });
    clock.advance(100);
    await closed;
    expect(await ends).toMatchObject([
      { reason: { code: "CLOSED", outcomeUnknown: true } },
      { reason: { code: "CLOSED", outcomeUnknown: false } },
      { reason: { code: "CLOSED", outcomeUnknown: false } },
    ]);
    expect(clock.nextInMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("ends watches at once, whatever is under way", async () => {
    const clock = new ManualClock();
    const kv = new RaftKv({ endpoints: [node.address], clock });
    node.script = () => undefined;
    const change = kv.watch("a")[Symbol.asyncIterator]().next();
    const put = expect(kv.put("a", "1")).rejects.toMatchObject({ code: "CLOSED" });
    await node.receivedAtLeast(1);
    const closed = kv.close({ timeoutMs: 100 });
    await expect(change).rejects.toMatchObject({ code: "CLOSED" });
    clock.advance(100);
    await closed;
    await put;
  });

  it("opens no session only to close it, and no connection", async () => {
    const kv = new RaftKv({ endpoints: [node.address] });
    await kv.close();
    const expired = new RaftKv({ endpoints: [node.address] });
    await expired.put("a", "1");
    node.store.sessions.clear();
    await expired.close();
    expect(node.texts).toEqual(["openSession", "1/1: put a=1", "1/2: closeSession"]);
    expect(node.connections).toBe(1);
  });

  it("refuses later calls, and may be called again", async () => {
    const kv = new RaftKv({ endpoints: [node.address] });
    const range = kv.range("a");
    await kv.close();
    await kv.close();
    const closed = { code: "CLOSED", outcomeUnknown: false };
    await expect(kv.put("a", "1")).rejects.toMatchObject(closed);
    await expect(kv.get("a")).rejects.toMatchObject(closed);
    await expect(kv.status()).rejects.toMatchObject(closed);
    await expect(range[Symbol.asyncIterator]().next()).rejects.toMatchObject(closed);
    expect(() => kv.range("a")).toThrowError(expect.objectContaining(closed));
  });
});

describe("the process", { timeout: 60_000 }, () => {
  const module = JSON.stringify(new URL("./raft-kv.ts", import.meta.url).href);

  const run = (script: string): Promise<{ code: number | null; output: string }> => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
  };

  it("ends after the last answer, closed or not", async () => {
    const use = `import { RaftKv } from ${module};
      const kv = new RaftKv({ endpoints: ["${node.address}"] });
      console.log(JSON.stringify(await kv.put("a", "1")));`;
    expect(await run(use)).toEqual({ code: 0, output: '{"revision":1}\n' });
    expect(await run(`${use} await kv.close();`)).toEqual({ code: 0, output: '{"revision":2}\n' });
  });

  it("stays for a call under way, with no node to be found, until its deadline", async () => {
    const { address } = node;
    await node.stop();
    const use = `import { RaftKv } from ${module};
      const kv = new RaftKv({ endpoints: ["${address}"], timeoutMs: 300 });
      await kv.get("a").catch((error) => console.log(error.code, error.message));`;
    const { code, output } = await run(use);
    expect(output).toMatch(/^DEADLINE_EXCEEDED get: no answer within 300 ms \(last failure: .*ECONNREFUSED.*\)\n$/);
    expect(code).toBe(0);
  });
});
