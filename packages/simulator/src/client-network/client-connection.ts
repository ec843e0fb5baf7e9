import {
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport, type UnaryResponse } from "@connectrpc/connect";
import type { StreamListener } from "@raftkv/grpc-stream";
import type { ExchangeCall, ExchangeListener, NodeConnection, WatchCall, WatchListener } from "@raftkv/kv-client";
import { ClusterService, StatusResponseSchema } from "@raftkv/proto/cluster";
import {
  ExchangeRequestSchema,
  ExchangeResponseSchema,
  WatchRequestSchema,
  WatchResponseSchema,
} from "@raftkv/proto/kv";
import type { RunningNode } from "../machine/machine.ts";
import type { Process } from "../machine/process.ts";
import type { Pipe } from "./pipe.ts";
import { ServedStream, type StreamControl } from "./served-stream.ts";

export interface ClientConnectionOptions {
  readonly toNode: Pipe;
  readonly toClient: Pipe;
  readonly node: RunningNode;
  /** In which the node runs. */
  readonly process: Process;
  /** In which the client runs. */
  readonly client: Process;
  /** The client lets go of it. */
  readonly closed: () => void;
}

const noHeaders = new Headers();
// One of each for all, as connections come and go all the time: what an error costs is where it was made.
const clientGone = new ConnectError("the client is gone", Code.Canceled);
const closedByClient = new ConnectError("closed by the client", Code.Unavailable);
const resetByPeer = new ConnectError("connection reset by peer", Code.Unavailable);

/** What the client waits for, to be told that it does not come. */
interface Waiting {
  fail(error: ConnectError): void;
}

/**
 * One connection of a client to the services of a node. What goes over it is what goes over the wire: bytes. The node
 * hears of an end that reaches it, and the client of one that reaches the client.
 */
export class ClientConnection implements NodeConnection {
  readonly transport: Transport;
  readonly process: Process;
  readonly client: Process;
  readonly #options: ClientConnectionOptions;
  readonly #waiting = new Set<Waiting>();
  /** Streams that the node serves. */
  readonly #served = new Set<{ close(error: ConnectError): void }>();
  /** Of the node's end, for calls that are no streams; undefined while there are none. */
  #nodeEnd: AbortController | undefined;
  #isOpen = true;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    this.process = options.process;
    this.client = options.client;
    this.transport = {
      unary: (method, signal, _timeoutMs, header, input) => this.#unary(method, signal, header, input),
      stream: async (method) => {
        throw new ConnectError(`${method.name} is not simulated`, Code.Unimplemented);
      },
    };
  }

  readonly openExchange = (listener: ExchangeListener): ExchangeCall => this.#openExchange(listener);

  readonly openWatch = (listener: WatchListener): WatchCall => this.#openWatch(listener);

  ping(answered: () => void): void {
    const { toNode, toClient } = this.#options;
    toNode.send(() =>
      toClient.send(() => {
        if (this.#isOpen) answered();
      }),
    );
  }

  /** The client ends it; the node hears of that in its turn. */
  close(): void {
    if (!this.#isOpen) return;
    this.#end(closedByClient);
    this.#options.toNode.send(() => this.#endAtNode());
    this.#options.closed();
  }

  /** Neither end gets anything any more, and each notices at once. */
  reset(): void {
    this.#options.toNode.break();
    this.#options.toClient.break();
    this.#options.process.enter(() => this.#endAtNode());
    this.#options.client.enter(() => this.#end(resetByPeer));
  }

  /** The node's process is gone, and its machine says so: the client hears of it. */
  resetByNode(): void {
    this.#options.toClient.send(() => this.#end(resetByPeer));
  }

  #end(reason: ConnectError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting]) waiting.fail(reason);
    this.#waiting.clear();
  }

  #endAtNode(): void {
    this.#nodeEnd?.abort(clientGone);
    for (const served of this.#served) served.close(clientGone);
    this.#served.clear();
  }

  /** Something leaves the node for the client. */
  #answer(run: () => void): void {
    if (this.#options.process.mayAct("answer")) this.#options.toClient.send(run);
  }

  #unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    header: Parameters<Transport["unary"]>[3],
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    const { toNode, node } = this.#options;
    if (method.name === ClusterService.method.status.name) return this.#status(method, signal);
    return this.#asked(signal, (resolve, reject) => {
      this.#nodeEnd ??= new AbortController();
      const { signal: nodeEnd } = this.#nodeEnd;
      toNode.send(() =>
        node.clients.unary.unary(method, nodeEnd, undefined, header, input).then(
          (response) => this.#answer(() => resolve(response)),
          (error: unknown) => this.#answer(() => reject(error)),
        ),
      );
    });
  }

  /** Asked for by each connection: what it costs counts. */
  #status<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
  ): Promise<UnaryResponse<I, O>> {
    const { toNode, node } = this.#options;
    const { parent: service } = method;
    return this.#asked(signal, (resolve) => {
      toNode.send(() => {
        const bytes = toBinary(StatusResponseSchema, node.clients.services.status());
        this.#answer(() => {
          const message = fromBinary(method.output, bytes);
          resolve({ stream: false, service, method, header: noHeaders, trailer: noHeaders, message });
        });
      });
    });
  }

  /** A promise that also ends with the connection, and with the signal. */
  #asked<T>(
    signal: AbortSignal | undefined,
    ask: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const aborted = () => settle(() => reject(ConnectError.from(signal?.reason, Code.Canceled)));
      const waiting = { fail: (error: ConnectError) => settle(() => reject(error)) };
      const settle = (then: () => void) => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener("abort", aborted);
        then();
      };
      if (!this.#isOpen) reject(new ConnectError("the connection is closed", Code.Unavailable));
      else if (signal?.aborted) aborted();
      else {
        this.#waiting.add(waiting);
        signal?.addEventListener("abort", aborted);
        ask(
          (value) => settle(() => resolve(value)),
          (error) => settle(() => reject(error)),
        );
      }
    });
  }

  #openExchange(listener: ExchangeListener): ExchangeCall {
    const { services } = this.#options.node.clients;
    return this.#open(ExchangeRequestSchema, ExchangeResponseSchema, listener, (control, answer) =>
      services.openExchange({
        ...control,
        cancel: (error) => control.end(error),
        send: (response) => {
          answer(toBinary(ExchangeResponseSchema, response));
          return true;
        },
      }),
    );
  }

  #openWatch(listener: WatchListener): WatchCall {
    const { services } = this.#options.node.clients;
    return this.#open(WatchRequestSchema, WatchResponseSchema, listener, (control, answer) =>
      services.openWatch({
        ...control,
        cancel: (error) => control.end(error),
        sendEncoded: (messages) => {
          for (const pieces of messages) answer(Buffer.concat(pieces));
          return true;
        },
      }),
    );
  }

  /** A stream, as it comes over the wire: each message a copy. */
  #open<Req extends DescMessage, Res extends DescMessage>(
    requests: Req,
    responses: Res,
    listener: { message(response: MessageShape<Res>): void; closed(error: unknown): void },
    open: (control: StreamControl, answer: (bytes: Uint8Array) => void) => StreamListener<MessageShape<Req>>,
  ): { send(request: MessageShape<Req>): void } {
    const { toNode } = this.#options;
    const waiting = {
      fail: (error: ConnectError | undefined) => {
        if (this.#waiting.delete(waiting)) listener.closed(error);
      },
    };
    this.#waiting.add(waiting);
    if (!this.#isOpen)
      queueMicrotask(() => waiting.fail(new ConnectError("the connection is closed", Code.Unavailable)));
    let served: ServedStream<MessageShape<Req>> | undefined;
    const answer = (bytes: Uint8Array) => {
      if (served?.isOver === true) return;
      this.#answer(() => {
        if (this.#isOpen) listener.message(fromBinary(responses, bytes));
      });
    };
    toNode.send(() => {
      served = new ServedStream({
        open: (control) => open(control, answer),
        ended: (error) => this.#answer(() => waiting.fail(error)),
      });
      this.#served.add(served);
    });
    return {
      send: (request) => {
        const bytes = toBinary(requests, request);
        toNode.send(() => served?.message(fromBinary(requests, bytes)));
      },
    };
  }
}
