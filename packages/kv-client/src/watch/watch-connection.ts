import type { WatchCanceled, WatchEvents, WatchResponse } from "@raftkv/proto/kv";
import { backoffMs } from "../backoff.ts";
import type { Timer } from "../clock.ts";
import { EndOfTurn } from "../end-of-turn.ts";
import type { Endpoints } from "../endpoints.ts";
import type { ClientPorts } from "../ports.ts";
import { classify, finalError } from "../refusal.ts";
import { safeInteger } from "../safe-integer.ts";
import { StallWatch } from "../stall-watch.ts";
import { Told } from "./told.ts";
import { WatchStream } from "./watch-stream.ts";
import { progressEveryMs, type Watched } from "./watched.ts";

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "connected"; readonly stream: WatchStream }
  | { readonly kind: "closed" };

/** After so long a node is asked again for a watch that it had no room for, while it serves others. */
const askAgainAfterMs = 1_000;

/** How long a node may take to accept a connection before another is tried. */
const connectTimeoutMs = 1_000;

/**
 * Nodes speak of themselves every now and then: a ping is due only when that does not come. One that answers pings and
 * says nothing is cut off from its cluster, or far behind.
 */
const stallLimits = {
  lookEveryMs: progressEveryMs / 3,
  pingAfterMs: progressEveryMs + 1_000,
  deadAfterMs: 2 * progressEveryMs,
  unansweredMs: 4 * progressEveryMs,
};

/**
 * All watches of one client, over one stream to one node, whichever: each serves them alike. When that breaks, or says
 * nothing for too long, the next node goes on with each of them from where it was.
 */
export class WatchConnection {
  readonly #endpoints: Endpoints;
  readonly #ports: ClientPorts;
  readonly #stallWatch: StallWatch;
  /** Each with the id that it has on the present stream. */
  readonly #ids = new Map<Watched, bigint | undefined>();
  readonly #byId = new Map<bigint, Watched>();
  /** What is due to the node, and to which watches. */
  readonly #credit = new Map<number, bigint[]>();
  readonly #endOfTurn: EndOfTurn;
  #lastId = 0n;
  #state: State = { kind: "idle" };
  /** Moves since a node last served. */
  #failures = 0;
  #lastFailure: string | undefined;

  constructor(endpoints: Endpoints, ports: ClientPorts) {
    this.#endpoints = endpoints;
    this.#ports = ports;
    this.#endOfTurn = new EndOfTurn(ports, () => this.#sendCredit());
    const actions = {
      ping: (answered: () => void) => this.#stream()?.ping(answered),
      stalled: (reason: string) => this.#leave(reason),
    };
    this.#stallWatch = new StallWatch(ports, actions, stallLimits);
  }

  /** Why the last attempt failed, since a node last served; for messages. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  add(watched: Watched): void {
    this.#ids.set(watched, undefined);
    const stream = this.#stream();
    if (stream !== undefined) this.#ask(watched, stream);
    else if (this.#state.kind === "idle") this.#connect();
  }

  remove(watched: Watched): void {
    const id = this.#ids.get(watched);
    this.#ids.delete(watched);
    if (id !== undefined && this.#byId.delete(id)) {
      this.#stream()?.send({ case: "cancel", value: { $typeName: "raftkv.kv.v1.CancelWatch", watchId: id } });
    }
    if (this.#ids.size === 0) this.#stallWatch.stop();
  }

  /** Some of what has arrived was taken. Credit that comes together, and is as much, is given together. */
  giveCredit(watched: Watched): void {
    const bytes = watched.takeCredit();
    const watchId = bytes === 0 ? undefined : this.#ids.get(watched);
    if (watchId === undefined) return;
    const ids = this.#credit.get(bytes);
    if (ids === undefined) this.#credit.set(bytes, [watchId]);
    else ids.push(watchId);
    this.#endOfTurn.schedule();
  }

  #sendCredit(): void {
    const stream = this.#stream();
    for (const [bytes, [watchId = 0n, ...moreWatchIds]] of this.#credit) {
      const credit = { $typeName: "raftkv.kv.v1.WatchCredit", watchId, moreWatchIds, bytes: BigInt(bytes) } as const;
      stream?.send({ case: "credit", value: credit });
    }
    this.#credit.clear();
  }

  /** Ends it for good; nobody hears of it. */
  close(): void {
    if (this.#state.kind === "waiting") this.#state.timer.cancel();
    this.#stream()?.close();
    this.#stallWatch.stop();
    this.#state = { kind: "closed" };
  }

  #stream(): WatchStream | undefined {
    return this.#state.kind === "connected" ? this.#state.stream : undefined;
  }

  #connect(): void {
    const address = this.#endpoints.next();
    this.#state = { kind: "connecting" };
    WatchStream.open(address, this.#ports, connectTimeoutMs).then(
      (stream) => this.#opened(stream),
      (error: unknown) => {
        if (this.#state.kind !== "connecting") return;
        this.#endpoints.failed(address);
        this.#retry(`${address}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
  }

  #opened(stream: WatchStream): void {
    if (this.#state.kind !== "connecting") {
      stream.close();
      return;
    }
    this.#state = { kind: "connected", stream };
    stream.start({
      response: (response) => this.#receive(response),
      ended: (reason) => this.#ended(stream, reason),
    });
    void stream.members(this.#ports.clock, connectTimeoutMs).then((members) => {
      if (this.#stream() === stream) this.#endpoints.membersAre(members);
    });
    for (const watched of this.#ids.keys()) this.#ask(watched, stream);
  }

  #ask(watched: Watched, stream: WatchStream): void {
    if (this.#byId.size === 0) this.#stallWatch.start();
    const id = ++this.#lastId;
    this.#ids.set(watched, id);
    this.#byId.set(id, watched);
    stream.send({ case: "create", value: watched.request(id) });
  }

  #receive({ watchId, response, moreWatchIds }: WatchResponse): void {
    this.#stallWatch.heard();
    if (response.case === "progress" && watchId === 0n) {
      const revision = safeInteger(response.value.revision, "revision");
      for (const watched of this.#byId.values()) watched.progress(revision);
      return;
    }
    if (response.case === "events") {
      this.#tell(response.value, watchId, moreWatchIds);
      return;
    }
    const watched = this.#byId.get(watchId);
    if (watched === undefined) return; // It was cancelled here, and the node has not heard of that yet.
    switch (response.case) {
      case "created":
        this.#failures = 0;
        this.#lastFailure = undefined;
        this.#endpoints.served();
        watched.created(safeInteger(response.value.revision, "revision"));
        return;
      case "progress":
        watched.progress(safeInteger(response.value.revision, "revision"));
        return;
      case "canceled":
        this.#canceled(watched, watchId, response.value);
        return;
      default:
        this.#leave("the node said something unknown: do the versions of client and node fit together?");
    }
  }

  #tell({ events, throughRevision }: WatchEvents, watchId: bigint, moreWatchIds: readonly bigint[]): void {
    const told = new Told(events, safeInteger(throughRevision, "revision"));
    this.#byId.get(watchId)?.events(told);
    for (const id of moreWatchIds) this.#byId.get(id)?.events(told);
  }

  #canceled(watched: Watched, watchId: bigint, { error }: WatchCanceled): void {
    const refusal = error === undefined ? undefined : classify(error);
    // Where history is kept it is kept for good: a node that says otherwise is behind.
    const isBehind = refusal?.kind === "final" && refusal.code === "NO_HISTORY" && watched.wasServed;
    if (refusal?.kind === "final" && !isBehind) {
      this.#ids.delete(watched);
      this.#byId.delete(watchId);
      if (this.#ids.size === 0) this.#stallWatch.stop();
      watched.failed(finalError("watch", refusal, false));
      return;
    }
    const servesOthers = [...this.#byId.values()].some(({ isServed }) => isServed);
    if (refusal?.kind === "later" && servesOthers) this.#askLater(watched, watchId, refusal.reason);
    else this.#leave(refusal?.reason ?? "the node has ended a watch without being asked to");
  }

  /** One that a node does not take up now must not interrupt those that it serves. */
  #askLater(watched: Watched, watchId: bigint, reason: string): void {
    const stream = this.#stream();
    if (stream === undefined) return;
    this.#lastFailure = `${stream.address}: ${reason}`;
    this.#byId.delete(watchId);
    this.#ids.set(watched, undefined);
    const askAgain = (): void => {
      const isUnasked = this.#ids.has(watched) && this.#ids.get(watched) === undefined;
      if (this.#stream() === stream && isUnasked) this.#ask(watched, stream);
    };
    this.#ports.clock.setTimer(askAgainAfterMs, askAgain, { background: true });
  }

  #leave(reason: string): void {
    const stream = this.#stream();
    if (stream === undefined) return;
    stream.close();
    this.#ended(stream, `${stream.address}: ${reason}`);
  }

  #ended(stream: WatchStream, reason: string): void {
    if (this.#stream() !== stream) return;
    this.#stallWatch.stop();
    this.#endpoints.failed(stream.address);
    this.#byId.clear();
    this.#credit.clear(); // The next node gives credit for all that there is room for.
    for (const watched of this.#ids.keys()) this.#ids.set(watched, undefined);
    this.#retry(reason);
  }

  #retry(reason: string): void {
    this.#lastFailure = reason;
    this.#failures++;
    const { clock, random } = this.#ports;
    const delayMs = backoffMs(this.#failures, random);
    if (delayMs === 0) {
      this.#connectIfNeeded();
      return;
    }
    const timer = clock.setTimer(delayMs, () => this.#connectIfNeeded(), { background: true });
    this.#state = { kind: "waiting", timer };
  }

  #connectIfNeeded(): void {
    if (this.#ids.size > 0) this.#connect();
    else this.#state = { kind: "idle" };
  }
}
