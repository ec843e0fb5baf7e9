import { type CallOptions, checkTimeout } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { ClientSettings } from "./client-settings.ts";
import type { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { Endpoints } from "./endpoints.ts";
import { RaftKvError } from "./error.ts";
import { Leases } from "./leases/leases.ts";
import type { MemberStatus, NodeStatus } from "./node-status.ts";
import type { ReadRequest } from "./read-operation.ts";
import { ReadPipeline } from "./read-pipeline.ts";
import { type StatusOptions, StatusReader } from "./status.ts";
import type { Watch } from "./watch/watch.ts";
import type { WatchOptions, WatchPlan } from "./watch/watch-options.ts";
import { Watches } from "./watch/watches.ts";
import { WritePipeline } from "./write-pipeline.ts";
import type { WriteRequest } from "./write-request.ts";

/** The calls of one client on the cluster, over connections that they share: with keys as they are stored. */
export class ClusterCalls implements Calls {
  readonly clock: Clock;
  readonly leases: Leases;
  readonly #settings: ClientSettings;
  readonly #connection: Connection;
  readonly #writes: WritePipeline;
  readonly #reads: ReadPipeline;
  /** Reads that may have to wait for a revision, and must not hold up the others. */
  readonly #patientReads: ReadPipeline;
  readonly #readConnection: Connection;
  readonly #watches: Watches;
  readonly #status: StatusReader;
  #closed: Promise<void> | undefined;

  constructor(settings: ClientSettings) {
    const endpoints = new Endpoints(settings.addresses, settings.random);
    this.#settings = settings;
    this.clock = settings.clock;
    this.leases = new Leases(this, settings.clock);
    this.#connection = new Connection({ endpoints, ports: settings, followsLeader: true });
    this.#readConnection = readConnection(settings) ?? this.#connection;
    this.#writes = new WritePipeline(this.#connection, settings);
    this.#reads = new ReadPipeline(this.#readConnection, settings);
    this.#patientReads = new ReadPipeline(this.#readConnection, settings);
    this.#watches = new Watches(settings);
    this.#status = new StatusReader(endpoints, settings);
  }

  check(name: string, options: CallOptions): void {
    if (this.#closed !== undefined) throw new RaftKvError("CLOSED", `${name}: the client is closed`);
    if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
  }

  async write<T>(request: WriteRequest<T>, options: CallOptions): Promise<T> {
    this.check(request.name, options);
    return this.#writes.write(request, options);
  }

  read<T>(request: ReadRequest<T>, options: CallOptions): Promise<T> {
    return (request.needs.minRevision > 0 ? this.#patientReads : this.#reads).read(request, options);
  }

  watch(plan: WatchPlan, options: WatchOptions): Watch {
    return this.#watches.open(plan, options);
  }

  async status(options: StatusOptions): Promise<NodeStatus> {
    this.check("status", options);
    return this.#status.read(options);
  }

  async members(options: CallOptions): Promise<readonly MemberStatus[]> {
    this.check("members", options);
    return this.#status.readAll(options);
  }

  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(checkTimeout(timeoutMs));
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.leases.close();
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
