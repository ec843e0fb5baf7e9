import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ClusterService, type StatusResponseSchema } from "@raftkv/proto/cluster";
import {
  type CommandBatch,
  CommandBatchSchema,
  ErrorDetailSchema,
  type ExchangeRequest,
  type ExchangeResponse,
  ExchangeResponseSchema,
  KvService,
  type ReadBatch,
} from "@raftkv/proto/kv";
import { PushQueue } from "../push-queue.ts";
import { FakeStore, type Refused } from "./fake-store.ts";
import { ScriptedWatches } from "./scripted-watches.ts";

/** One request as it arrived, which the script answers, keeps, or lets fall. */
export interface Received {
  readonly commands?: CommandBatch;
  readonly reads?: ReadBatch;
  /** In short: "open", "1: put a=1, skip" or "get a". */
  readonly text: string;
  /** Carries it out and answers. */
  serve(): void;
  /** Carries it out without answering. */
  apply(): void;
  refuse(detail: Refused): void;
  /** Any other answer. */
  answer(response: MessageInitShape<typeof ExchangeResponseSchema>["response"]): void;
}

/** What a node throws to refuse a request of an operator. */
export function refusal(detail: MessageInitShape<typeof ErrorDetailSchema>): ConnectError {
  return new ConnectError(detail.message ?? "", Code.Unknown, undefined, [{ desc: ErrorDetailSchema, value: detail }]);
}

/** A node on loopback that serves a store, except where its script says otherwise. */
export class ScriptedNode implements AsyncDisposable {
  readonly store: FakeStore;
  /** What arrived, in order, over all connections. */
  readonly received: Received[] = [];
  /** What to do with each request; serves it unless set. */
  script: (request: Received) => void = (request) => request.serve();
  /** Unset: the node does not say. */
  status: MessageInitShape<typeof StatusResponseSchema> | undefined;
  /** What it does for operators; it knows of nothing else. */
  cluster: Partial<ServiceImpl<typeof ClusterService>> = {};
  /** Each request of an operator but for its status, in order: "changeMembership". */
  readonly asked: string[] = [];
  /** Streams of watches, which the test serves. */
  readonly watches = new ScriptedWatches(() => this.#signal());
  connections = 0;
  statusCalls = 0;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #outgoing = new Set<PushQueue<ExchangeResponse>>();
  #changed = Promise.withResolvers<void>();

  private constructor(store: FakeStore) {
    this.store = store;
    this.#server = createServer(connectNodeAdapter({ routes: (router) => this.#route(router) }));
    this.#server.on("session", (session) => {
      this.connections++;
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      session.on("error", () => undefined);
      this.#signal();
    });
  }

  static async start(store = new FakeStore(), port = 0): Promise<ScriptedNode> {
    const node = new ScriptedNode(store);
    node.#server.listen(port, "127.0.0.1");
    await once(node.#server, "listening");
    return node;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the node does not listen");
    return address.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get texts(): readonly string[] {
    return this.received.map((request) => request.text);
  }

  /** Resolves once `condition` holds; looked at whenever something arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await this.#changed.promise;
    }
  }

  /** Resolves once so many requests have arrived, with the last of them. */
  async receivedAtLeast(count: number): Promise<Received> {
    await this.until(() => this.received.length >= count);
    const last = this.received[count - 1];
    if (last === undefined) throw new Error("unreachable");
    return last;
  }

  /** Ends every connection without a word, as a process that is killed. */
  breakConnections(): void {
    for (const session of this.#sessions) session.destroy();
  }

  /** Tells every open stream. */
  announceLeader(address: string | undefined): void {
    const value = address === undefined ? {} : { leader: { nodeId: 2n, address } };
    const response = create(ExchangeResponseSchema, { response: { case: "leaderChange", value } });
    for (const outgoing of this.#outgoing) outgoing.send(response);
  }

  /** Tells every open stream. */
  announceMembers(addresses: readonly string[]): void {
    const value = { addresses: [...addresses] };
    const response = create(ExchangeResponseSchema, { response: { case: "membersChange", value } });
    for (const outgoing of this.#outgoing) outgoing.send(response);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.breakConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #route(router: ConnectRouter): void {
    router.service(KvService, {
      exchange: (requests) => this.#exchange(requests),
      watch: (requests) => this.watches.serve(requests),
    });
    router.service(ClusterService, {
      status: () => {
        this.statusCalls++;
        this.#signal();
        if (this.status === undefined) throw new ConnectError("not said", Code.Unavailable);
        return this.status;
      },
      changeMembership: (request, context) => this.#scripted("changeMembership")(request, context),
      leaveJoint: (request, context) => this.#scripted("leaveJoint")(request, context),
      transferLeadership: (request, context) => this.#scripted("transferLeadership")(request, context),
      takeSnapshot: (request, context) => this.#scripted("takeSnapshot")(request, context),
      inspectAddress: (request, context) => this.#scripted("inspectAddress")(request, context),
      beginCheck: (request, context) => this.#scripted("beginCheck")(request, context),
      checkResult: (request, context) => this.#scripted("checkResult")(request, context),
      backup: (request, context) => this.#scripted("backup")(request, context),
    });
  }

  #scripted<Name extends keyof ServiceImpl<typeof ClusterService>>(
    name: Name,
  ): ServiceImpl<typeof ClusterService>[Name] {
    this.asked.push(name);
    this.#signal();
    const handler: ServiceImpl<typeof ClusterService>[Name] | undefined = this.cluster[name];
    if (handler === undefined) throw new ConnectError(`${name} is not served`, Code.Unimplemented);
    return handler;
  }

  async *#exchange(requests: AsyncIterable<ExchangeRequest>): AsyncGenerator<ExchangeResponse> {
    const outgoing = new PushQueue<ExchangeResponse>();
    this.#outgoing.add(outgoing);
    void this.#takeAll(requests, outgoing);
    yield* outgoing;
  }

  async #takeAll(requests: AsyncIterable<ExchangeRequest>, outgoing: PushQueue<ExchangeResponse>): Promise<void> {
    try {
      for await (const request of requests) this.#take(request, outgoing);
    } catch {
      // The client is gone.
    }
    this.#outgoing.delete(outgoing);
    outgoing.end();
  }

  #take({ requestId, request }: ExchangeRequest, outgoing: PushQueue<ExchangeResponse>): void {
    const answer: Received["answer"] = (response) =>
      outgoing.send(create(ExchangeResponseSchema, response === undefined ? { requestId } : { requestId, response }));
    const refuse: Received["refuse"] = (detail) => answer({ case: "error", value: create(ErrorDetailSchema, detail) });
    const received =
      request.case === "commandBatch"
        ? this.#commands(fromBinary(CommandBatchSchema, request.value), answer, refuse)
        : this.#reads(request.case === "reads" ? request.value : undefined, answer, refuse);
    this.received.push(received);
    this.script(received);
    this.#signal();
  }

  #commands(commands: CommandBatch, answer: Received["answer"], refuse: Received["refuse"]): Received {
    return {
      commands,
      text: describeCommands(commands),
      answer,
      refuse,
      apply: () => void this.store.apply(commands),
      serve: () => {
        const applied = this.store.apply(commands);
        if ("refused" in applied) refuse(applied.refused);
        else answer({ case: "results", value: { results: [...applied.results] } });
      },
    };
  }

  #reads(reads: ReadBatch | undefined, answer: Received["answer"], refuse: Received["refuse"]): Received {
    if (reads === undefined) throw new Error("a request without a body");
    return {
      reads,
      text: describeReads(reads),
      answer,
      refuse,
      apply: () => undefined,
      serve: () => answer({ case: "reads", value: { results: [...this.store.read(reads)] } }),
    };
  }

  #signal(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function describeCommands({ sessionId, firstSequence, operations }: CommandBatch): string {
  const texts = operations.map(({ operation }) => {
    if (operation.case === "put")
      return `put ${Buffer.from(operation.value.key)}=${Buffer.from(operation.value.value)}`;
    if (operation.case === "delete") return `delete ${Buffer.from(operation.value.key)}`;
    return operation.case ?? "nothing";
  });
  return sessionId === 0n ? texts.join(", ") : `${sessionId}/${firstSequence}: ${texts.join(", ")}`;
}

function describeReads({ operations }: ReadBatch): string {
  const texts = operations.map(({ operation }) => {
    if (operation.case === "get") return `get ${Buffer.from(operation.value.key)}`;
    if (operation.case === "range") return `range ${Buffer.from(operation.value.from)}`;
    return operation.case ?? "nothing";
  });
  return texts.join(", ");
}
