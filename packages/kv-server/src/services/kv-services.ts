import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import type { StreamListener, StreamRoutes } from "@raftkv/grpc-stream";
import { ClusterService, type StatusResponse } from "@raftkv/proto/cluster";
import {
  ElectionService,
  ErrorCode,
  type ExchangeRequest,
  type ExchangeResponse,
  KvService,
  LockService,
  type WatchRequest,
  type WatchResponse,
} from "@raftkv/proto/kv";
import { Backups } from "./backup.ts";
import {
  changeMembership,
  inspectAddress,
  leaveJoint,
  takeSnapshot,
  transferLeadership,
} from "./cluster-operations.ts";
import { clusterStatus } from "./cluster-status.ts";
import { connectError, failureOf } from "./error-mapping.ts";
import { ExchangeStream } from "./exchange-stream.ts";
import { type Failure, KvFailure } from "./kv-failure.ts";
import { type Duty, leaderDuties } from "./leader-duties.ts";
import { LockServices } from "./locks/lock-services.ts";
import { PulledStream } from "./pulled-stream.ts";
import { type ExchangeCall, PushedExchange } from "./pushed-exchange.ts";
import { type KvServicesOptions, type ServiceContext, serviceContext } from "./service-context.ts";
import { beginCheck, checkResult } from "./state-check.ts";
import { getLease, grantLease, keepLeaseAlive, listLeases, revokeLease } from "./unary-leases.ts";
import { get, history, range } from "./unary-reads.ts";
import { compact, del, deleteRange, put, transaction } from "./unary-writes.ts";
import { PushedWatch, type WatchCall } from "./watch/pushed-watch.ts";
import { WatchStream } from "./watch/watch-stream.ts";

/** What a node serves to clients: `KvService` and `ClusterService`, over one state machine and one consensus. */
export class KvServices {
  readonly #context: ServiceContext;
  readonly #streams = new Set<ExchangeStream>();
  readonly #watchStreams = new Set<WatchStream>();
  readonly #duties: readonly Duty[];
  readonly #backups: Backups;
  readonly #locks: LockServices;

  constructor(options: KvServicesOptions) {
    this.#context = serviceContext(options);
    this.#duties = leaderDuties(this.#context);
    this.#backups = new Backups(this.#context);
    this.#locks = new LockServices(this.#context, {
      unary: (call, isWrite, answer) => this.#unary(call, isWrite, answer),
      streamed: (call, parts) => this.#streamed(call, parts),
    });
  }

  /** Adds the services to a router; to several, if a node has several. */
  register(router: ConnectRouter): void {
    const context = this.#context;
    // Without a decoder that refuses it, invalid UTF-8 in JSON would be taken for U+FFFD.
    const jsonOptions = { ignoreUnknownFields: true, textDecoder: new TextDecoder("utf-8", { fatal: true }) };
    const options = { jsonOptions };
    router.service(
      KvService,
      {
        put: (request, call) => this.#unary(call, true, () => put(context, request, call)),
        delete: (request, call) => this.#unary(call, true, () => del(context, request, call)),
        deleteRange: (request, call) => this.#unary(call, true, () => deleteRange(context, request, call)),
        transaction: (request, call) => this.#unary(call, true, () => transaction(context, request, call)),
        get: (request, call) => this.#unary(call, false, () => get(context, request, call)),
        range: (request, call) => this.#unary(call, false, () => range(context, request, call)),
        history: (request, call) => this.#unary(call, false, () => history(context, request, call)),
        compact: (request, call) => this.#unary(call, true, () => compact(context, request, call)),
        grantLease: (request, call) => this.#unary(call, true, () => grantLease(context, request, call)),
        keepLeaseAlive: (request, call) => this.#unary(call, true, () => keepLeaseAlive(context, request, call)),
        revokeLease: (request, call) => this.#unary(call, true, () => revokeLease(context, request, call)),
        getLease: (request, call) => this.#unary(call, false, () => getLease(context, request, call)),
        listLeases: (request, call) => this.#unary(call, false, () => listLeases(context, request, call)),
        exchange: (requests, call) => this.#exchange(requests, call),
        watch: (requests, call) => this.#watch(requests, call),
      },
      options,
    );
    router.service(LockService, this.#locks.lock, options);
    router.service(ElectionService, this.#locks.election, options);
    router.service(
      ClusterService,
      {
        status: () => this.status(),
        changeMembership: (request, call) => this.#unary(call, true, () => changeMembership(context, request, call)),
        leaveJoint: (_request, call) => this.#unary(call, true, () => leaveJoint(context, call)),
        transferLeadership: (request, call) =>
          this.#unary(call, true, () => transferLeadership(context, request, call)),
        takeSnapshot: (_request, call) => this.#unary(call, true, () => takeSnapshot(context, call)),
        inspectAddress: (request, call) => this.#unary(call, false, () => inspectAddress(context, request, call)),
        beginCheck: (_request, call) => this.#unary(call, true, () => beginCheck(context, call)),
        checkResult: (request) => checkResult(context, request),
        backup: (request, call) => this.#streamed(call, this.#backups.stream(request, call)),
      },
      options,
    );
  }

  /** What `ClusterService.Status` answers. */
  status(): StatusResponse {
    return clusterStatus(this.#context, this.#locks.waiting);
  }

  /** Adds what is served by hand where a client speaks plain gRPC: it takes the place of what `register` has for it. */
  registerStreams(streams: StreamRoutes, maxRequestBytes: number): void {
    streams.add(KvService.method.exchange, maxRequestBytes, (call) => this.openExchange(call));
    streams.add(KvService.method.watch, maxRequestBytes, (call) => this.openWatch(call));
  }

  /** Listens to one stream of `Exchange` that is carried by hand. Throws a `ConnectError` when there are too many. */
  openExchange(call: ExchangeCall): StreamListener<ExchangeRequest> {
    assertRoom(this.#streams, this.#context.limits.maxStreams);
    const onClosed = () => this.#streams.delete(exchange.stream);
    const exchange = new PushedExchange({ context: this.#context, call, onClosed });
    this.#streams.add(exchange.stream);
    return exchange;
  }

  /** The same of `Watch`. */
  openWatch(call: WatchCall): StreamListener<WatchRequest> {
    assertRoom(this.#watchStreams, this.#context.limits.maxWatchStreams);
    const onClosed = () => this.#watchStreams.delete(watch.stream);
    const watch = new PushedWatch({ context: this.#context, call, onClosed });
    this.#watchStreams.add(watch.stream);
    return watch;
  }

  /**
   * Refuses new writes from now on; resolves once those under way have been answered. Reads go on, and so do streams.
   */
  drain(): Promise<void> {
    return this.#context.pendingWrites.drain();
  }

  /** Ends all streams, after the answers that are ready. Drain first. */
  close(): void {
    for (const duty of this.#duties) duty.close();
    this.#context.consistency?.close();
    for (const stream of this.#streams) stream.close();
    for (const stream of this.#watchStreams) stream.close();
    this.#locks.close();
    this.#context.watchHub.close();
    this.#context.leadership.close();
  }

  async #unary<Response>(call: HandlerContext, isWrite: boolean, answer: () => Promise<Response>): Promise<Response> {
    try {
      return await answer();
    } catch (error) {
      throw this.#error(error, call, isWrite);
    }
  }

  async *#streamed<Part>(call: HandlerContext, parts: AsyncGenerator<Part>): AsyncGenerator<Part> {
    try {
      yield* parts;
    } catch (error) {
      throw this.#error(error, call, false);
    }
  }

  #error(error: unknown, call: HandlerContext, isWrite: boolean): ConnectError {
    const failure = call.signal.aborted && !(error instanceof KvFailure) ? abortFailure(call, isWrite) : undefined;
    return connectError(failure ?? failureOf(error, this.#context.leadership.view().leader, isWrite), error);
  }

  async *#exchange(requests: AsyncIterable<ExchangeRequest>, call: HandlerContext): AsyncGenerator<ExchangeResponse> {
    assertRoom(this.#streams, this.#context.limits.maxStreams);
    const exchange = new PulledStream(
      (changed) => new ExchangeStream(this.#context, changed),
      ({ outbox }) => outbox.takeAll(),
    );
    this.#streams.add(exchange.stream);
    try {
      yield* exchange.run(requests, call.signal);
    } finally {
      this.#streams.delete(exchange.stream);
    }
  }

  async *#watch(requests: AsyncIterable<WatchRequest>, call: HandlerContext): AsyncGenerator<WatchResponse> {
    assertRoom(this.#watchStreams, this.#context.limits.maxWatchStreams);
    const watch = new PulledStream(
      (changed) => new WatchStream(this.#context, changed),
      (stream) => stream.takeWaiting().pulled(),
    );
    this.#watchStreams.add(watch.stream);
    try {
      yield* watch.run(requests, call.signal);
    } finally {
      this.#watchStreams.delete(watch.stream);
    }
  }
}

function assertRoom({ size }: ReadonlySet<unknown>, max: number): void {
  if (size < max) return;
  throw connectError({
    code: ErrorCode.RESOURCE_EXHAUSTED,
    message: `this node has ${max} streams open, and takes no more: try another node`,
  });
}

/** The deadline passed, or the client went away (and will not read this). */
function abortFailure({ signal }: HandlerContext, isWrite: boolean): Failure {
  const reason = ConnectError.from(signal.reason);
  const deadline = reason.code === Code.DeadlineExceeded;
  return {
    code: ErrorCode.DEADLINE_EXCEEDED,
    message: deadline
      ? "the deadline passed before there was an answer"
      : `the request was given up: ${reason.message}`,
    outcomeUnknown: isWrite,
  };
}
