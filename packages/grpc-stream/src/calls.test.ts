import { constants, createServer } from "node:http2";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { ErrorDetailSchema, type ExchangeRequest, type ExchangeResponse, KvService } from "@raftkv/proto/kv";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ClientCall, requestHeaders } from "./client-call.ts";
import {
  type Call,
  callTo,
  closeAll,
  connectClient,
  echo,
  eventually,
  Heard,
  idsOf,
  listening,
  maxBytes,
  method,
  request,
  requests,
  response,
  serve,
  sessionTo,
} from "./testing/call-rig.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 20_000 });

afterEach(closeAll);

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

  it("by its server is over for that at once, though the client takes nothing", async () => {
    const server = new Heard<ExchangeRequest>();
    let full: Call | undefined;
    const { url } = await serve((call) => {
      for (let i = 0; i < 20; i++) call.send(response(i, 1_000_000));
      full = call;
      return server;
    });
    sessionTo(url)
      .request(requestHeaders(method))
      .on("error", () => {});
    await eventually(() => full !== undefined);
    const reason = new ConnectError("too slow", Code.ResourceExhausted);
    full?.cancel(reason);
    expect(await server.whenClosed).toBe(reason);
    full?.end();
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
