import { type AtRevisionOptions, atRevision, noHistory } from "./at-revision.ts";
import { keyBytes, toBytes } from "./bytes.ts";
import { type CallOptions, checkTimeout } from "./call.ts";
import { type ClientSettings, type RaftKvOptions, readOptions } from "./client-settings.ts";
import { Connection } from "./connection.ts";
import { count } from "./count.ts";
import { Endpoints } from "./endpoints.ts";
import { RaftKvError } from "./error.ts";
import { type HistoryOptions, historyPages, planHistory } from "./history.ts";
import type { KeyValue } from "./key-value.ts";
import type { MemberStatus, NodeStatus } from "./node-status.ts";
import { pages, planRange, type RangeOptions } from "./range.ts";
import { type ReadNeeds, type ReadNeedsOptions, readNeeds } from "./read-needs.ts";
import {
  getRequest,
  historyRequest,
  type KeyWrite,
  type PageBounds,
  pageRequest,
  type ReadRequest,
} from "./read-operation.ts";
import { ReadPipeline } from "./read-pipeline.ts";
import { type StatusOptions, StatusReader } from "./status.ts";
import { type Observed, type ObserveOptions, observed } from "./watch/observe.ts";
import type { Watch } from "./watch/watch.ts";
import { type WatchOptions, type WatchTarget, watchPlan } from "./watch/watch-options.ts";
import { Watches } from "./watch/watches.ts";
import { WritePipeline } from "./write-pipeline.ts";
import {
  type CompactResult,
  compactRequest,
  type DeleteResult,
  deleteRequest,
  type PutResult,
  putRequest,
  type WriteRequest,
} from "./write-request.ts";

export interface ReadOptions extends CallOptions, ReadNeedsOptions, AtRevisionOptions {}

export interface CloseOptions {
  /** How long calls under way may take to end, and the session to be closed. Default 2,000. */
  readonly timeoutMs?: number;
}

/**
 * A client of a raftkv cluster. One is enough for a process: it holds one connection, and concurrent calls share its
 * messages. It connects with the first call, finds the leader by itself, and retries under the deadline of each call.
 *
 * A write takes effect at most once, however often it had to be sent; writes of one client take effect in the order of the
 * calls. A read sees every write that was acknowledged before it began. Whatever fails rejects with a `RaftKvError`.
 */
export class RaftKv implements AsyncDisposable {
  readonly #settings: ClientSettings;
  readonly #connection: Connection;
  readonly #writes: WritePipeline;
  readonly #reads: ReadPipeline;
  /** Reads that may have to wait for a revision, and must not hold up the others. */
  readonly #patientReads: ReadPipeline;
  readonly #readConnection: Connection;
  readonly #status: StatusReader;
  readonly #watches: Watches;
  #closed: Promise<void> | undefined;

  /** Connects to nothing yet. Throws INVALID_ARGUMENT where an option makes no sense. */
  constructor(options: RaftKvOptions) {
    const settings = readOptions(options);
    const endpoints = new Endpoints(settings.addresses, settings.random);
    this.#settings = settings;
    this.#connection = new Connection({ endpoints, ports: settings, followsLeader: true });
    this.#readConnection = readConnection(settings) ?? this.#connection;
    this.#writes = new WritePipeline(this.#connection, settings);
    this.#reads = new ReadPipeline(this.#readConnection, settings);
    this.#patientReads = new ReadPipeline(this.#readConnection, settings);
    this.#status = new StatusReader(endpoints, settings);
    this.#watches = new Watches(settings);
  }

  /** The key with its value, or undefined where it does not exist. */
  async get(key: string | Uint8Array, options: ReadOptions = {}): Promise<KeyValue | undefined> {
    this.#check("get", options);
    const at = atRevision(options);
    const { entry } = await this.#read(getRequest(keyBytes(key), at, readNeeds(options)), options);
    if (at > 0 && entry !== undefined && entry.modRevision > at) throw noHistory("get", at);
    return entry;
  }

  /** Writes one key. */
  async put(key: string | Uint8Array, value: string | Uint8Array, options: CallOptions = {}): Promise<PutResult> {
    return this.#write(putRequest(keyBytes(key), toBytes(value, "value")), options);
  }

  /** Removes one key; `deleted` says whether it existed. */
  async delete(key: string | Uint8Array, options: CallOptions = {}): Promise<DeleteResult> {
    return this.#write(deleteRequest(keyBytes(key)), options);
  }

  /**
   * The keys that begin with a prefix, or lie between `from` and `to`, in the order of their bytes. Fetched a page at a
   * time as they are used, each with its own `timeoutMs`, and all from the revision of the first: one moment's picture,
   * however long it takes. COMPACTED where that was compacted meanwhile. (Only while some nodes of the cluster still run a
   * version without history is each page a picture of its own.) Nothing is sent before the first `next()`; argument errors
   * are thrown at once.
   */
  range(range: string | Uint8Array | RangeOptions = {}, options: RangeOptions = {}): AsyncIterable<KeyValue> {
    const all = typeof range === "string" || range instanceof Uint8Array ? { ...options, prefix: range } : range;
    this.#check("range", all);
    const plan = planRange(all);
    const needs = readNeeds(all);
    return pages(plan, needs, async (bounds, pageNeeds) => {
      this.#check("range", all);
      return this.#read(pageRequest(bounds, pageNeeds), all);
    });
  }

  /**
   * The writes to one key that are not compacted, newest first, back to the one that made the key what it was at the
   * earliest revision. Fetched as with `range`.
   */
  history(key: string | Uint8Array, options: HistoryOptions = {}): AsyncIterable<KeyWrite> {
    this.#check("history", options);
    const bytes = keyBytes(key);
    const needs = readNeeds(options);
    return historyPages(planHistory(options), needs, async (bounds, pageNeeds) => {
      this.#check("history", options);
      return this.#read(historyRequest(bytes, bounds, pageNeeds), options);
    });
  }

  /**
   * Tells of changes as they are made: of one key, a prefix, or a range, from now on or from any revision that is kept. It
   * begins at once, and is served by any node, over a connection that all watches of the client share. See `Watch`.
   */
  watch(target: WatchTarget, options: WatchOptions = {}): Watch {
    this.#check("watch", {});
    return this.#watches.open(watchPlan(target, options), options);
  }

  /**
   * The present entries, and then each change to them, without a gap between: what a cache or a controller lives on. Nothing
   * is sent before the first `next()`; argument errors are thrown at once. Whatever it rejects with, begin again: COMPACTED
   * says that whoever iterates came too late for what was written meanwhile.
   */
  observe(target: WatchTarget, options: ObserveOptions = {}): AsyncIterable<Observed> {
    this.#check("observe", {});
    watchPlan(target, options);
    const needs = readNeeds({});
    const fetchPage = (bounds: PageBounds, pageNeeds: ReadNeeds) => {
      this.#check("observe", {});
      return this.#read(pageRequest(bounds, pageNeeds), options.signal === undefined ? {} : { signal: options.signal });
    };
    return observed(target, needs, fetchPage, (startRevision) => this.watch(target, { ...options, startRevision }));
  }

  /**
   * Gives up history before `revision`: from then on reads at earlier ones are refused, and the space is given back bit by
   * bit. COMPACTED where that has been done before, FUTURE_REVISION where the store has not come to it.
   */
  async compact(revision: number, options: CallOptions = {}): Promise<CompactResult> {
    return this.#write(compactRequest(count("revision", revision, 1, Number.MAX_SAFE_INTEGER)), options);
  }

  /** One node's view of itself and the cluster: of `endpoint`, or of the first node that answers. */
  async status(options: StatusOptions = {}): Promise<NodeStatus> {
    this.#check("status", options);
    return this.#status.read(options);
  }

  /**
   * Every member, as the leader names them (or the first node that answers, where no leader is reached), each with its own
   * status or with why it has none.
   */
  async members(options: CallOptions = {}): Promise<readonly MemberStatus[]> {
    this.#check("members", options);
    return this.#status.readAll(options);
  }

  /**
   * Waits for the calls under way, closes the session where that is possible without a new connection, and lets go of the
   * connection; never longer than `timeoutMs`, and what is not settled by then rejects with CLOSED. Never rejects itself.
   * Later calls reject with CLOSED.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(checkTimeout(options.timeoutMs ?? 2_000));
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #write<T>(request: WriteRequest<T>, options: CallOptions): Promise<T> {
    this.#check(request.name, options);
    return this.#writes.write(request, options);
  }

  #read<T>(request: ReadRequest<T>, options: CallOptions): Promise<T> {
    return (request.needs.minRevision > 0 ? this.#patientReads : this.#reads).read(request, options);
  }

  #check(name: string, options: CallOptions): void {
    if (this.#closed !== undefined) throw new RaftKvError("CLOSED", `${name}: the client is closed`);
    if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#settings;
    const endsAt = clock.now() + timeoutMs;
    const { promise: timeUp, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimer(timeoutMs, resolve);
    this.#watches.close();
    const users = [this.#writes, this.#reads, this.#patientReads];
    await Promise.race([timeUp, Promise.all(users.map((user) => user.settled()))]);
    const leftMs = endsAt - clock.now();
    if (leftMs > 0) await this.#writes.closeSession(leftMs);
    timer.cancel();
    for (const user of users) user.close();
    this.#status.close();
    this.#connection.close();
    this.#readConnection.close();
  }
}

/** One of their own, for reads that do not go where the writes go. */
function readConnection(settings: ClientSettings): Connection | undefined {
  const { readFrom, addresses, random } = settings;
  if (readFrom === "leader") return undefined;
  const endpoints =
    readFrom === "any" ? new Endpoints(addresses, random) : new Endpoints([readFrom.address, ...addresses], () => 0);
  return new Connection({ endpoints, ports: settings, followsLeader: false });
}
