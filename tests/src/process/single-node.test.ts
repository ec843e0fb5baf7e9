import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NodeProcess } from "./harness/node-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const service = "/raftkv.kv.v1.KvService";

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What `curl` with a JSON body does. */
async function call(address: string, method: string, request: object): Promise<Answer> {
  const response = await fetch(`http://${address}${service}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function leads(node: NodeProcess): Promise<void> {
  await node.waitFor(({ event, fields }) => event === "role" && fields.role === "leader");
}

describe("one node by itself", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let node: NodeProcess;
  let address: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    node = NodeProcess.start({ args: ["--listen", "127.0.0.1:0"], cwd: directory.path });
    address = await node.address();
    await leads(node);
  });

  afterAll(async () => {
    await node.kill();
    await directory[Symbol.asyncDispose]();
  });

  it("forms a cluster of one, and keeps its data under ./data", async () => {
    const formed = await node.waitFor("formed");
    expect(formed.fields).toMatchObject({ node: 1, nodes: [1] });
    const starting = await node.waitFor("starting");
    expect(starting.fields.dataDir).toBe(`${directory.path}/data`);
  });

  it("serves plain JSON over HTTP/1.1", async () => {
    expect(await call(address, "Put", { keyText: "greeting", valueText: "hello" })).toMatchObject({ status: 200 });
    const { body } = await call(address, "Get", { keyText: "greeting" });
    expect(body).toMatchObject({ found: true, entry: { valueText: "hello", version: "1" } });
    expect((await call(address, "Delete", { keyText: "greeting" })).body).toMatchObject({ deleted: true });
    expect((await call(address, "Get", { keyText: "greeting" })).body).not.toHaveProperty("found");
  });

  it.each([
    ["an empty key", { keyText: "", valueText: "x" }, "ERROR_CODE_KEY_EMPTY"],
    ["a key that is too large", { keyText: "k".repeat(4097), valueText: "x" }, "ERROR_CODE_KEY_TOO_LARGE"],
    ["a value that is too large", { keyText: "k", valueText: "v".repeat(1024 ** 2 + 1) }, "ERROR_CODE_VALUE_TOO_LARGE"],
  ])("refuses %s with a stable code, and stays up", async (_, request, code) => {
    const { status, body } = await call(address, "Put", request);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(code);
    expect((await call(address, "Put", { keyText: "k", valueText: "v" })).status).toBe(200);
  });

  it("keeps what it acknowledged over kill -9, and stops cleanly on SIGTERM", async () => {
    expect((await call(address, "Put", { keyText: "kept", valueText: "yes" })).status).toBe(200);
    await node.kill();
    node = NodeProcess.start({ args: ["--listen", address], cwd: directory.path });
    await leads(node);
    expect((await call(address, "Get", { keyText: "kept" })).body).toMatchObject({ entry: { valueText: "yes" } });
    expect((await node.stop()).code).toBe(0);
    expect(node.events.map(({ event }) => event)).toEqual(expect.arrayContaining(["draining", "stopped"]));
    expect(node.stderr).toBe("");
  });
});
