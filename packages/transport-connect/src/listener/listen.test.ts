import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { Code, ConnectError, type ConnectRouter, createClient, type ServiceImpl } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { RaftService } from "@raftkv/proto/raft";
import { afterEach, describe, expect, it, vi } from "vitest";
import { eventually, startListener } from "../testing/loopback.ts";
import type { ServerListener } from "./listen.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

import type { ListenOptions } from "./listener-options.ts";

const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()));
});

/** Answers an introduction with the caller's own words; the raft service will do to try a server with. */
const echo: Partial<ServiceImpl<typeof RaftService>> = {
  introduce: (request) => ({ nodeId: request.fromNodeId, memberId: request.fromMemberId }),
};

async function server(
  implementation: Partial<ServiceImpl<typeof RaftService>> = echo,
  options: Partial<ListenOptions> = {},
): Promise<ServerListener & { readonly url: string }> {
  const routes = (router: ConnectRouter) => {
    router.service(RaftService, implementation);
  };
  const listener = await startListener(routes, options);
  open.push({ close: () => listener.close(0) });
  const { host, port } = listener;
  return {
    host,
    port,
    retire: () => listener.retire(),
    close: (graceMs) => listener.close(graceMs),
    url: `http://127.0.0.1:${port}`,
  };
}

function http2Session(url: string): Http2SessionManager {
  const sessionManager = new Http2SessionManager(url);
  open.push({ close: () => sessionManager.abort() });
  return sessionManager;
}

const path = "/raftkv.raft.v1.RaftService/Introduce";
const introduction = { fromNodeId: 3n, fromMemberId: "m" };
const expected = { nodeId: 3n, memberId: "m" };

function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify(body),
  });
}

/** Writes bytes, and resolves with what comes back until the server closes. */
async function exchange(port: number, bytes: Uint8Array | string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  socket.on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  return Buffer.concat(received).toString("latin1");
}

describe("one port", () => {
  it("takes JSON over HTTP/1.1, as curl sends it", async () => {
    const { url } = await server();
    const response = await postJson(url, { fromNodeId: "3", fromMemberId: "m" });
    expect(await response.json()).toEqual({ nodeId: "3", memberId: "m" });
  });

  it("takes Connect, gRPC and gRPC-Web, over whichever HTTP they can", async () => {
    const { url } = await server();
    const sessionManager = http2Session(url);
    const transports = [
      createConnectTransport({ baseUrl: url, httpVersion: "1.1" }),
      createConnectTransport({ baseUrl: url, httpVersion: "2", sessionManager }),
      createGrpcTransport({ baseUrl: url, sessionManager }),
      createGrpcWebTransport({ baseUrl: url, httpVersion: "1.1" }),
      createGrpcWebTransport({ baseUrl: url, httpVersion: "2", sessionManager }),
    ];
    for (const transport of transports) {
      expect(await createClient(RaftService, transport).introduce(introduction)).toMatchObject(expected);
    }
  });

  it("answers a path that nobody serves with 404", async () => {
    const { url } = await server();
    expect((await fetch(`${url}/nobody`, { headers: { connection: "close" } })).status).toBe(404);
  });

  it("refuses a message that is too large", async () => {
    const { url } = await server(echo, { limits: { messageBytes: 100 } });
    const response = await postJson(url, { fromMemberId: "x".repeat(200) });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ code: "resource_exhausted" });
  });

  it("lets the hook answer first", async () => {
    const { url } = await server(echo, {
      intercept: (request, reply) => {
        if (request.headers["x-redirect"] === undefined) return false;
        reply.statusCode = 307;
        reply.setHeader("location", "http://other");
        reply.end();
        return true;
      },
    });
    const redirected = await fetch(url + path, {
      method: "POST",
      redirect: "manual",
      headers: { "x-redirect": "1", connection: "close" },
    });
    expect([redirected.status, redirected.headers.get("location")]).toEqual([307, "http://other"]);
    const transport = createGrpcTransport({ baseUrl: url, sessionManager: http2Session(url) });
    expect(await createClient(RaftService, transport).introduce(introduction)).toMatchObject(expected);
  });
});

describe("what no client should send", () => {
  const garbage = Uint8Array.from({ length: 4096 }, (_, position) => (position * 7919 + 13) % 256);
  const attempts: readonly (readonly [string, Uint8Array | string])[] = [
    ["random bytes", garbage],
    ["a TLS hello", Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...garbage.subarray(0, 500))],
    ["HTTP/1.0 without a host", `POST ${path} HTTP/1.0\r\nContent-Length: 0\r\n\r\n`],
    ["a host that is none", `POST ${path} HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`],
    ["the HTTP/2 preface, then garbage", Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), garbage])],
    ["almost the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
    ["a CONNECT request", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ];
  it.each(attempts)("%s gets its connection closed, and hurts nobody else", async (_name, bytes) => {
    const { url, port } = await server();
    await exchange(port, bytes);
    expect((await postJson(url, { fromNodeId: "3", fromMemberId: "m" })).status).toBe(200);
  });

  it("nothing at all, half a preface, half a request: each is cut off in time", async () => {
    const { port } = await server(echo, { limits: { firstBytesTimeoutMs: 50, requestTimeoutMs: 50 } });
    expect(await exchange(port, "")).toBe("");
    expect(await exchange(port, "PRI * HT")).toBe("");
    expect(await exchange(port, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Le`)).toMatch(/^HTTP\/1.1 408/);
  });

  it("a body over HTTP/2 that never ends is cut off in time", async () => {
    const { url } = await server(echo, { limits: { requestTimeoutMs: 50 } });
    const session = connectHttp2(url);
    open.push({ close: () => session.destroy() });
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc+proto" });
    stream.on("error", () => {});
    stream.write(Uint8Array.of(0, 0, 0, 0, 9));
    await once(stream, "close");
    expect(stream.rstCode).toBe(8);
  });

  it("an HTTP/2 connection that answers no pings, or has no streams, is closed", async () => {
    const idle = await server(echo, { limits: { idleTimeoutMs: 20, pingIntervalMs: 30 } });
    const session = connectHttp2(idle.url);
    await once(session, "close");

    const deaf = await server(echo, { limits: { pingIntervalMs: 20, pingTimeoutMs: 50 } });
    const settings = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
    await exchange(deaf.port, Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings]));
  });

  it("a call that is broken off in the middle leaves the server well", async () => {
    let running = 0;
    const { url } = await server({
      ...echo,
      // biome-ignore lint/correctness/useYield: it answers nothing, on purpose
      async *messages(requests) {
        running += 1;
        try {
          for await (const _request of requests);
        } finally {
          running -= 1;
        }
      },
    });
    const sessionManager = new Http2SessionManager(url);
    const client = createClient(RaftService, createGrpcTransport({ baseUrl: url, sessionManager }));
    const call = client.messages(forever())[Symbol.asyncIterator]().next();
    await eventually("the call", () => running === 1);
    sessionManager.abort();
    await expect(call).rejects.toThrow();
    await eventually("its end", () => running === 0);
    expect((await postJson(url, { fromNodeId: "3", fromMemberId: "m" })).status).toBe(200);
  });
});

async function* forever(): AsyncGenerator<never> {
  await new Promise(() => {});
}

describe("closing", () => {
  it("lets a running unary call end, tells streams at once, and takes nothing new", async () => {
    let finish: () => void = () => {};
    let called = false;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { url, port, close } = await server({
      introduce: async (request) => {
        called = true;
        await gate;
        return { nodeId: request.fromNodeId };
      },
      async *messages(_requests, context) {
        await new Promise((_resolve, reject) =>
          context.signal.addEventListener("abort", () => reject(context.signal.reason)),
        );
      },
    });
    const transport = createGrpcTransport({ baseUrl: url, sessionManager: http2Session(url) });
    const client = createClient(RaftService, transport);
    const unary = client.introduce(introduction);
    const stream = client.messages(forever())[Symbol.asyncIterator]().next();
    const plain = postJson(url, { fromNodeId: "3", fromMemberId: "m" });
    await eventually("the call", () => called);

    const closed = close(5000);
    const ended = ConnectError.from(await stream.catch((error: unknown) => error));
    expect(ended.code).toBe(Code.Unavailable);
    expect(ended.rawMessage).toBe("the server is shutting down");
    expect(await connects(port)).toBe(false);
    finish();
    expect(await unary).toMatchObject({ nodeId: 3n });
    expect((await plain).status).toBe(200);
    await closed;
  });

  it("ends kept HTTP/1.1 connections with their next answer before it closes", async () => {
    const listener = await server();
    const body = JSON.stringify({ fromNodeId: "3", fromMemberId: "m" });
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
    listener.retire();
    const answer = await exchange(listener.port, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*"memberId":"m"/is);
  });

  it("cuts off what is left after the grace time, and sockets that wait for nothing at once", async () => {
    let called = false;
    const { url, port, close } = await server({
      introduce: () => {
        called = true;
        return new Promise(() => {});
      },
    });
    const client = createClient(RaftService, createGrpcTransport({ baseUrl: url, sessionManager: http2Session(url) }));
    const hanging = client.introduce(introduction).catch((error: unknown) => error);
    const silent = connect({ port, host: "127.0.0.1" });
    silent.on("error", () => {});
    await once(silent, "connect");
    await eventually("the call to arrive", () => called);
    await Promise.all([close(30), close(30)]);
    expect(await hanging).toBeInstanceOf(ConnectError);
  });
});

async function connects(port: number): Promise<boolean> {
  const socket: Socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe("an address that cannot be had", () => {
  const routes = (): void => {};

  it("is in use", async () => {
    const { port } = await server();
    await expect(startListener(routes, { port })).rejects.toMatchObject({
      name: "ListenError",
      code: "addressInUse",
      message: `cannot listen on 127.0.0.1:${port}: the port is in use; stop what uses it, or choose another port`,
    });
  });

  it("is not of this machine", async () => {
    await expect(startListener(routes, { host: "192.0.2.1" })).rejects.toMatchObject({ code: "addressNotAvailable" });
  });
});
