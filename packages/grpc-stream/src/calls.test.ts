import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, createServer, type Http2Server } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  ErrorDetailSchema,
  type ExchangeRequest,
  ExchangeRequestSchema,
  type ExchangeResponse,
  ExchangeResponseSchema,
  KvService,
  MembersChangeSchema,
} from "@raftkv/proto/kv";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ClientCall, requestHeaders } from "./client-call.ts";
import type { ServerCall } from "./server-call.ts";
import type { StreamListener } from "./stream-listener.ts";
import { StreamRouter } from "./stream-router.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

const open: { close(): void }[] = [];
afterEach(() => {
  for (const part of open.splice(0)) part.close();
});

const method = KvService.method.exchange;
const maxBytes = 4 * 1024 * 1024;
type Call = ServerCall<typeof ExchangeResponseSchema>;

function request(id: number, bytes = 1): ExchangeRequest {
  const body = { case: "commandBatch", value: new Uint8Array(bytes) } as const;
  return create(ExchangeRequestSchema, { requestId: BigInt(id), request: body });
}

function response(id: number, bytes = 0): ExchangeResponse {
  const value = create(MembersChangeSchema, { addresses: ["x".repeat(bytes)] });
  return create(ExchangeResponseSchema, { requestId: BigInt(id), response: { case: "membersChange", value } });
}

/** Notes what it hears. */
class Heard<Message extends { readonly requestId: bigint }> implements StreamListener<Message> {
  readonly ids: number[] = [];
  drains = 0;
  isEnded = false;
  readonly #closed = Promise.withResolvers<ConnectError | undefined>();
  readonly #onMessage: (message: Message) => void;
  readonly #onEnded: () => void;

  constructor(onMessage: (message: Message) => void = () => {}, onEnded: () => void = () => {}) {
    this.#onMessage = onMessage;
    this.#onEnded = onEnded;
  }

  get whenClosed(): Promise<ConnectError | undefined> {
    return this.#closed.promise;
  }

  message(message: Message): void {
    this.ids.push(Number(message.requestId));
    this.#onMessage(message);
  }

  drained(): void {
    this.drains += 1;
  }

  ended(): void {
    this.isEnded = true;
    this.#onEnded();
  }

  closed(error: ConnectError | undefined): void {
    this.#closed.resolve(error);
  }
}

interface Rig {
  readonly url: string;
  readonly router: StreamRouter;
}

/** A server with the method by hand, and with whatever Connect is to serve beside it. */
async function serve(
  listen: ((call: Call) => StreamListener<ExchangeRequest>) | undefined,
  routes: (router: ConnectRouter) => void = () => {},
): Promise<Rig> {
  const router = new StreamRouter();
  if (listen !== undefined) router.add(method, maxBytes, listen);
  const connectHandler = connectNodeAdapter({ routes });
  const server = createServer((incoming, reply) => {
    if (!router.serve(incoming, reply)) connectHandler(incoming, reply);
  });
  return { url: await listening(server), router };
}

async function listening(server: Http2Server): Promise<string> {
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => stream.on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  open.push({
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  });
  return `http://127.0.0.1:${address.port}`;
}

function echo(call: Call): StreamListener<ExchangeRequest> {
  return new Heard(
    ({ requestId }) => call.send(response(Number(requestId))),
    () => call.end(),
  );
}

function sessionTo(url: string): ClientHttp2Session {
  const session = connect(url);
  session.on("error", () => {});
  open.push({ close: () => session.destroy() });
  return session;
}

function callTo(url: string, heard: Heard<ExchangeResponse>, session = sessionTo(url)) {
  return new ClientCall(session.request(requestHeaders(method)), method, maxBytes, heard);
}

/** Connect's client of the same server. */
function connectClient(url: string) {
  const sessionManager = new Http2SessionManager(url);
  open.push({ close: () => sessionManager.abort() });
  return createClient(KvService, createGrpcTransport({ baseUrl: url, sessionManager }));
}

async function* requests(...ids: readonly number[]): AsyncGenerator<ExchangeRequest> {
  for (const id of ids) yield request(id);
}

async function idsOf(responses: AsyncIterable<ExchangeResponse>): Promise<readonly number[]> {
  const ids: number[] = [];
  for await (const { requestId } of responses) ids.push(Number(requestId));
  return ids;
}

async function eventually(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const connectEcho = (router: ConnectRouter): void => {
  router.service(KvService, {
    async *exchange(incoming) {
      for await (const { requestId } of incoming) yield response(Number(requestId));
    },
  });
};

describe("a call", () => {
  it.each([
    ["of this client to this server", () => serve(echo)],
    ["of this client to Connect's server", () => serve(undefined, connectEcho)],
  ])("%s carries messages both ways, in order, and ends well", async (_, start) => {
    const { url } = await start();
    const heard = new Heard<ExchangeResponse>();
    const call = callTo(url, heard);
    const ids = Array.from({ length: 300 }, (_, position) => position + 1);
    for (const id of ids) call.send(request(id, id * 100));
    call.end();
    expect(await heard.whenClosed).toBeUndefined();
    expect(heard.ids).toEqual(ids);
  });

  it("of Connect's client to this server does, too", async () => {
    const { url } = await serve(echo);
    expect(await idsOf(connectClient(url).exchange(requests(1, 2, 3)))).toEqual([1, 2, 3]);
  });

  it("may be answered before the client has ended, whose word is heard no more then", async () => {
    const server = new Heard<ExchangeRequest>();
    const { url } = await serve((call) => {
      call.send(response(1));
      call.end();
      call.send(response(2));
      return server;
    });
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard).send(request(1));
    expect(await heard.whenClosed).toBeUndefined();
    expect(heard.ids).toEqual([1]);
    expect(await server.whenClosed).toBeUndefined();
    expect(server.ids).toEqual([]);
  });
});

describe("an error", () => {
  const failure = new ConnectError("größer als 100 %", Code.ResourceExhausted, undefined, [
    { desc: ErrorDetailSchema, value: { message: "detail" } },
  ]);

  function expectFailure(error: unknown): void {
    if (!(error instanceof ConnectError)) throw new Error(`expected the failure, found ${String(error)}`);
    expect(error.code).toBe(failure.code);
    expect(error.rawMessage).toBe(failure.rawMessage);
    expect(error.findDetails(ErrorDetailSchema)).toMatchObject([{ message: "detail" }]);
  }

  const fails = (when: "at once" | "later") => (call: Call) => {
    if (when === "at once") throw failure;
    return new Heard<ExchangeRequest>(({ requestId }) => {
      call.send(response(Number(requestId)));
      throw failure;
    });
  };

  it.each(["at once", "later"] as const)(
    "of the server reaches either client with code, text and details: %s",
    async (when) => {
      const { url } = await serve(fails(when));
      const heard = new Heard<ExchangeResponse>();
      callTo(url, heard).send(request(1));
      expectFailure(await heard.whenClosed);
      expect(heard.ids).toEqual(when === "later" ? [1] : []);
      expectFailure(await idsOf(connectClient(url).exchange(requests(1))).catch((error: unknown) => error));
    },
  );

  it("of Connect's server reaches this client likewise", async () => {
    const { url } = await serve(undefined, (router) => {
      router.service(KvService, {
        // biome-ignore lint/correctness/useYield: it fails before it has anything to say
        async *exchange() {
          throw failure;
        },
      });
    });
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard);
    expectFailure(await heard.whenClosed);
  });

  it("that is none of Connect's becomes an internal one", async () => {
    const { url } = await serve(
      () =>
        new Heard(() => {
          throw new TypeError("a fault");
        }),
    );
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard).send(request(1));
    expect(await heard.whenClosed).toMatchObject({ code: Code.Internal });
  });

  it("is what a server gives that serves no such method", async () => {
    const { url } = await serve(undefined);
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard);
    expect(await heard.whenClosed).toMatchObject({ code: Code.Unimplemented });
  });
});

describe("what makes no sense ends the call", () => {
  it.each([
    ["bytes that are no message", Buffer.from([0, 0, 0, 0, 1, 255]), Code.InvalidArgument],
    ["a message that is too large", Buffer.from([0, 255, 255, 255, 255]), Code.ResourceExhausted],
    ["half a message", Buffer.from([0, 0, 0, 0, 9, 1]), Code.InvalidArgument],
  ])("at the server: %s", async (_, bytes, code) => {
    const server = new Heard<ExchangeRequest>();
    const { url } = await serve(() => server);
    const stream = sessionTo(url).request(requestHeaders(method));
    const heard = new Heard<ExchangeResponse>();
    new ClientCall(stream, method, maxBytes, heard);
    stream.end(bytes);
    expect(await heard.whenClosed).toMatchObject({ code });
    expect(server).toMatchObject({ ids: [], isEnded: false });
  });

  it("at the client: an answer that is too large", async () => {
    const { url } = await serve((call) => {
      call.send(response(1, maxBytes + 1));
      return new Heard();
    });
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard);
    expect(await heard.whenClosed).toMatchObject({ code: Code.ResourceExhausted });
    expect(heard.ids).toEqual([]);
  });
});

describe("a status that cannot be read", () => {
  it.each([
    ["a text that is not encoded as it must be", { "grpc-status": "8", "grpc-message": "100% full" }],
    ["details that are none", { "grpc-status": "8", "grpc-status-details-bin": "AAAA" }],
  ])("is an error all the same, and harms nobody: %s", async (_, trailers) => {
    const server = createServer();
    server.on("stream", (stream) => {
      stream.resume();
      stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end();
    });
    const heard = new Heard<ExchangeResponse>();
    callTo(await listening(server), heard);
    expect(await heard.whenClosed).toMatchObject({
      code: Code.Internal,
      rawMessage: expect.stringMatching(/^the status of the call cannot be read: .*8/),
    });
  });
});

describe("whoever is slow", () => {
  it("makes the server wait, and it is told when there is room again", async () => {
    let sent = 0;
    const server = new Heard<ExchangeRequest>();
    const { url } = await serve((call) => {
      while (call.send(response(++sent, 100_000))) if (sent > 10_000) throw new Error("it never fills up");
      return server;
    });
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard);
    await eventually(() => heard.ids.length === sent && server.drains > 0);
  });

  it("makes the client wait, when it takes nothing, until it does again", async () => {
    let taken = 0;
    let paused: Call | undefined;
    const { url } = await serve((call) => {
      call.pause();
      paused = call;
      return new Heard(() => {
        taken += 1;
      });
    });
    const heard = new Heard<ExchangeResponse>();
    const call = callTo(url, heard);
    let sent = 0;
    while (sent < 20) {
      call.send(request(++sent, 100_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => paused !== undefined);
    expect(taken).toBe(0);
    paused?.resume();
    await eventually(() => taken === 20);
    expect(heard.drains).toBeGreaterThan(0);
  });
});

describe("a call that is cut off", () => {
  it("by its client tells the server, and the client why", async () => {
    const server = new Heard<ExchangeRequest>();
    const { url } = await serve(() => server);
    const heard = new Heard<ExchangeResponse>();
    const call = callTo(url, heard);
    call.send(request(1));
    await eventually(() => server.ids.length === 1);
    const reason = new ConnectError("enough", Code.Canceled);
    call.cancel(reason);
    expect(await heard.whenClosed).toBe(reason);
    expect(await server.whenClosed).toMatchObject({ code: Code.Canceled });
  });

  it("by its client is not heard any more, not even what has come already", async () => {
    const { url } = await serve((call) => {
      for (const id of [1, 2]) call.send(response(id));
      return new Heard();
    });
    const heard: Heard<ExchangeResponse> = new Heard(() => call.cancel(new ConnectError("enough", Code.Canceled)));
    const call = callTo(url, heard);
    expect(await heard.whenClosed).toMatchObject({ code: Code.Canceled });
    expect(heard.ids).toEqual([1]);
  });

  it("by its server, while that reads nothing, is over for a client with more to say than there is room for", async () => {
    let pausing: Call | undefined;
    const { url } = await serve((call) => {
      pausing = call;
      call.pause();
      return new Heard();
    });
    const heard = new Heard<ExchangeResponse>();
    const call = callTo(url, heard);
    for (let i = 0; i < 20; i++) call.send(request(i, 100_000));
    await eventually(() => pausing !== undefined);
    pausing?.end(new ConnectError("enough", Code.Aborted));
    expect(await heard.whenClosed).toMatchObject({ code: Code.Aborted });
  });

  it("by the loss of its connection tells both", async () => {
    const server = new Heard<ExchangeRequest>();
    const { url } = await serve(() => server);
    const session = sessionTo(url);
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard, session).send(request(1));
    await eventually(() => server.ids.length === 1);
    session.socket.destroy();
    expect(await heard.whenClosed).toBeInstanceOf(ConnectError);
    expect(await server.whenClosed).toMatchObject({ code: Code.Canceled });
  });

  it("by a client that calls that no error, and is not being read, is over for the server", async () => {
    const server = new Heard<ExchangeRequest>();
    let pausing: Call | undefined;
    const { url } = await serve((call) => {
      pausing = call;
      call.pause();
      return server;
    });
    const stream = sessionTo(url).request(requestHeaders(method));
    stream.on("error", () => {});
    const call = new ClientCall(stream, method, maxBytes, new Heard<ExchangeResponse>());
    call.send(request(1, 10_000));
    await eventually(() => pausing !== undefined && stream.writableLength === 0);
    stream.close(constants.NGHTTP2_NO_ERROR);
    expect(await server.whenClosed).toMatchObject({ code: Code.Canceled });
    expect(server.ids).toEqual([]);
    pausing?.send(response(1)); // Nothing, any more.
    pausing?.end();
  });

  it("by a server that ends it without a status tells the client", async () => {
    const server = createServer();
    server.on("stream", (stream) => {
      stream.resume(); // Else Node's server would reset it.
      stream.respond({ ":status": 200, "content-type": "application/grpc+proto" });
      stream.end();
    });
    const heard = new Heard<ExchangeResponse>();
    callTo(await listening(server), heard);
    expect(await heard.whenClosed).toBeInstanceOf(ConnectError);
  });

  it("because the server closes tells the client why, and so does the next", async () => {
    const { url, router } = await serve(echo);
    const heard = new Heard<ExchangeResponse>();
    callTo(url, heard).send(request(1));
    await eventually(() => heard.ids.length === 1);
    router.close(new ConnectError("shutting down", Code.Unavailable));
    expect(await heard.whenClosed).toMatchObject({ code: Code.Unavailable, rawMessage: "shutting down" });
    const late = new Heard<ExchangeResponse>();
    callTo(url, late);
    expect(await late.whenClosed).toMatchObject({ code: Code.Unavailable, rawMessage: "shutting down" });
  });
});

it("whoever wants more than the plainest form is left to Connect", async () => {
  const { url } = await serve(echo, (router) => {
    router.service(KvService, {
      async *exchange() {
        yield response(77);
      },
    });
  });
  expect(await idsOf(connectClient(url).exchange(requests(1)))).toEqual([1]);
  expect(await idsOf(connectClient(url).exchange(requests(1), { timeoutMs: 60_000 }))).toEqual([77]);
  const heard = new Heard<ExchangeResponse>();
  const stream = sessionTo(url).request({ ...requestHeaders(method), "grpc-encoding": "gzip" });
  new ClientCall(stream, method, maxBytes, heard).end();
  await heard.whenClosed;
  expect(heard.ids).toEqual([77]);
});
