import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer, type Http2Server } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { type ConnectError, type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  type ExchangeRequest,
  ExchangeRequestSchema,
  type ExchangeResponse,
  ExchangeResponseSchema,
  KvService,
  MembersChangeSchema,
} from "@raftkv/proto/kv";
import { ClientCall, requestHeaders } from "../client-call.ts";
import type { ServerCall } from "../server-call.ts";
import type { StreamListener } from "../stream-listener.ts";
import { StreamRouter } from "../stream-router.ts";

const open: { close(): void }[] = [];

/** Closes whatever a test has opened. */
export function closeAll(): void {
  for (const part of open.splice(0)) part.close();
}

export const method = KvService.method.exchange;
export const maxBytes = 4 * 1024 * 1024;
export type Call = ServerCall<typeof ExchangeResponseSchema>;

export function request(id: number, bytes = 1): ExchangeRequest {
  const body = { case: "commandBatch", value: new Uint8Array(bytes) } as const;
  return create(ExchangeRequestSchema, { requestId: BigInt(id), request: body });
}

export function response(id: number, bytes = 0): ExchangeResponse {
  const value = create(MembersChangeSchema, { addresses: ["x".repeat(bytes)] });
  return create(ExchangeResponseSchema, { requestId: BigInt(id), response: { case: "membersChange", value } });
}

/** Notes what it hears. */
export class Heard<Message extends { readonly requestId: bigint }> implements StreamListener<Message> {
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
export async function serve(
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

export async function listening(server: Http2Server): Promise<string> {
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

export function echo(call: Call): StreamListener<ExchangeRequest> {
  return new Heard(
    ({ requestId }) => call.send(response(Number(requestId))),
    () => call.end(),
  );
}

export function sessionTo(url: string): ClientHttp2Session {
  const session = connect(url);
  session.on("error", () => {});
  open.push({ close: () => session.destroy() });
  return session;
}

export function callTo(url: string, heard: Heard<ExchangeResponse>, session = sessionTo(url)) {
  return new ClientCall(session.request(requestHeaders(method)), method, maxBytes, heard);
}

/** Connect's client of the same server. */
export function connectClient(url: string) {
  const sessionManager = new Http2SessionManager(url);
  open.push({ close: () => sessionManager.abort() });
  return createClient(KvService, createGrpcTransport({ baseUrl: url, sessionManager }));
}

export async function* requests(...ids: readonly number[]): AsyncGenerator<ExchangeRequest> {
  for (const id of ids) yield request(id);
}

export async function idsOf(responses: AsyncIterable<ExchangeResponse>): Promise<readonly number[]> {
  const ids: number[] = [];
  for await (const { requestId } of responses) ids.push(Number(requestId));
  return ids;
}

export async function eventually(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
