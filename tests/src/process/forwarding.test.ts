import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const path = "/raftkv.kv.v1.KvService/Put";

describe("a write that reaches a node that does not lead", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let cluster: ClusterProcess;
  let leader: string;
  let follower: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    cluster = await ClusterProcess.start({ directory: directory.path });
    const id = await cluster.leader();
    const other = cluster.ids.find((candidate) => candidate !== id) ?? 0;
    leader = cluster.endpoints[id - 1] ?? "";
    follower = cluster.endpoints[other - 1] ?? "";
    await cluster.node(other).waitFor(({ event, fields }) => event === "role" && fields.leader === id);
  });

  afterAll(async () => {
    await cluster.killAll();
    await directory[Symbol.asyncDispose]();
  });

  const put = (
    request: object,
    options: { headers?: Record<string, string>; redirect: "manual" | "follow" | "error" },
  ) =>
    fetch(`http://${follower}${path}`, {
      method: "POST",
      redirect: options.redirect,
      headers: { "content-type": "application/json", ...options.headers },
      body: JSON.stringify({ keyText: "key", valueText: "value", ...request }),
    });

  it("is answered with status 307, the leader's URL, and an error that names the leader", async () => {
    const response = await put({}, { redirect: "manual" });
    expect(response.status).toBe(307);
    expect(response.headers.get("location")).toBe(`http://${leader}${path}`);
    expect(await response.json()).toMatchObject({
      code: "failed_precondition",
      details: [{ debug: { code: "ERROR_CODE_NOT_LEADER", leader: { address: leader } } }],
    });
  });

  it("arrives where a client follows redirects", async () => {
    const response = await put({}, { redirect: "follow" });
    expect(response.status).toBe(200);
    expect(response.url).toBe(`http://${leader}${path}`);
  });

  it.each([
    ["the request", { forward: true }, {}],
    ["a header", {}, { "Raftkv-Forward": "true" }],
  ])("is passed on when %s asks for it", async (_, request, headers) => {
    const response = await put(request, { headers, redirect: "error" });
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveProperty("revision");
  });
});
