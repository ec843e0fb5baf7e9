import { type CreateWatch, ErrorCode, type WatchCredit, type WatchRequest, type WatchResponse } from "@raftkv/proto/kv";
import { systemClock, type Timer } from "@raftkv/raft-core";
import { connectError, errorDetail } from "../error-mapping.ts";
import type { Failure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { invalid } from "../text-form.ts";
import { NO_HISTORY, NOT_CAUGHT_UP } from "../too-old.ts";
import { type EventBody, watchResponse } from "./event-body.ts";
import type { Watch } from "./watch.ts";
import { compactedFailure, type HubOutlet } from "./watch-hub.ts";
import { type Waiting, WatchOutbox } from "./watch-outbox.ts";
import { bytesOf, type WatchPlan, watchPlan } from "./watch-request.ts";

/** Responses that are not events, waiting to be written, beyond which no request is taken. */
const MAX_WAITING = 1_024;

/** A watch that waits for a revision before it starts. */
interface Unstarted {
  readonly endWait: () => void;
  /** What its client has given it besides what it was asked for with. */
  credit: number;
}

/** How a stream has ended: `error` is undefined when all is well. */
export interface WatchEnd {
  readonly error: unknown;
}

/** One client's stream of watches, however it is carried. */
export class WatchStream implements HubOutlet {
  readonly #context: ServiceContext;
  readonly #changed: () => void;
  readonly #watches = new Map<bigint, Watch>();
  readonly #unstarted = new Map<bigint, Unstarted>();
  readonly #outbox: WatchOutbox;
  #progress: { readonly everyMs: number; timer: Timer } | undefined;
  #ended: WatchEnd | undefined;

  /** `changed` is called when there is something to write, or the end has come. */
  constructor(context: ServiceContext, changed: () => void) {
    this.#context = context;
    this.#changed = changed;
    this.#outbox = new WatchOutbox((bytes) => this.#context.watchHub.take(bytes, this));
  }

  get end(): WatchEnd | undefined {
    return this.#ended;
  }

  /** No request is to be taken until responses have left: the client does not read them. */
  get isFull(): boolean {
    return this.#outbox.others >= MAX_WAITING;
  }

  get hasRoom(): boolean {
    const { limits, watchHub } = this.#context;
    return this.#ended === undefined && this.#outbox.bytes < limits.maxWatchStreamBytes && watchHub.hasRoom;
  }

  get watches(): Iterable<Watch> {
    return this.#watches.values();
  }

  /** Ignored once the stream has ended. */
  take({ request }: WatchRequest): void {
    if (this.#ended !== undefined) return;
    switch (request.case) {
      case "create":
        this.#create(request.value);
        return;
      case "cancel":
        this.#cancel(request.value.watchId);
        return;
      case "credit":
        this.#giveCredit(request.value);
        return;
      case undefined:
        this.close(connectError(invalid("the request has neither create nor cancel nor credit")));
        return;
    }
  }

  takeWaiting(): Waiting {
    return this.#outbox.takeAll();
  }

  put(watch: Watch, body: EventBody): void {
    if (this.#ended !== undefined) return;
    this.#outbox.tell(watch, body);
    this.#changed();
  }

  canceled(watch: Watch, failure: Failure): void {
    this.#watches.delete(watch.id);
    this.#refuse(watch.id, failure);
  }

  /** The client has said its last: nobody gives credit any more. */
  requestsEnd(): void {
    this.close();
  }

  /** Ends the stream after what waits was written; with that error, if there is one. */
  close(error?: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#progress?.timer.cancel();
    for (const { endWait } of this.#unstarted.values()) endWait();
    this.#unstarted.clear();
    this.#context.watchHub.forget(this);
    this.#watches.clear();
    this.#changed();
  }

  /** Nothing of it is written any more. Has to be called in the end. */
  release(): void {
    this.close();
    this.#outbox.release();
  }

  #create(create: CreateWatch): void {
    const plan = watchPlan(create, this.#context.limits.maxKeyBytes);
    if ("code" in plan) {
      this.#refuse(create.watchId, plan);
      return;
    }
    if (this.#watches.has(plan.id) || this.#unstarted.has(plan.id)) {
      // To cancel it would be to cancel the one that there is.
      this.close(connectError(invalid(`there is a watch ${plan.id} on the stream: never choose an id twice`)));
      return;
    }
    const { state } = this.#context.options;
    const full = this.#tooMany();
    if (full !== undefined) this.#refuse(plan.id, full);
    else if (plan.minRevision <= state.revision()) this.#start(plan);
    else this.#startLater(plan);
  }

  #startLater(plan: WatchPlan): void {
    const endWait = this.#context.watchHub.whenAt(plan.minRevision, () => this.#start(this.#taken(plan)));
    this.#unstarted.set(plan.id, { endWait, credit: 0 });
  }

  /** One that has waited, with the credit that came meanwhile. */
  #taken(plan: WatchPlan): WatchPlan {
    const credit = plan.credit + (this.#unstarted.get(plan.id)?.credit ?? 0);
    this.#unstarted.delete(plan.id);
    return { ...plan, credit };
  }

  /** A state that is behind may be from before the cluster kept history: it is brought up to date first. */
  #startIfHistoryIsKept(plan: WatchPlan): void {
    const { consensus, state } = this.#context.options;
    const abort = new AbortController();
    const unstarted: Unstarted = { endWait: () => abort.abort(), credit: 0 };
    this.#unstarted.set(plan.id, unstarted);
    const settle = (then: (taken: WatchPlan) => void) => {
      if (this.#unstarted.get(plan.id) === unstarted) then(this.#taken(plan));
    };
    consensus.readIndex(abort.signal).then(
      () => settle((taken) => (state.keepsHistory() ? this.#start(taken) : this.#refuse(plan.id, NO_HISTORY))),
      () => settle(() => this.#refuse(plan.id, NOT_CAUGHT_UP)),
    );
  }

  #giveCredit({ watchId, moreWatchIds, bytes }: WatchCredit): void {
    const credit = bytesOf(bytes);
    this.#giveCreditTo(watchId, credit);
    for (const more of moreWatchIds) this.#giveCreditTo(more, credit);
  }

  #giveCreditTo(watchId: bigint, bytes: number): void {
    const unstarted = this.#unstarted.get(watchId);
    if (unstarted !== undefined) unstarted.credit += bytes;
    const watch = this.#watches.get(watchId);
    if (watch === undefined) return;
    watch.giveCredit(bytes);
    this.#context.watchHub.resume(watch);
  }

  #start(plan: WatchPlan): void {
    const { id, interest, startRevision, credit, progressMs } = plan;
    const { options, watchHub } = this.#context;
    const { state } = options;
    const revision = state.revision();
    if (!state.keepsHistory()) {
      this.#startIfHistoryIsKept(plan);
      return;
    }
    if (startRevision !== undefined && startRevision < state.earliestRevision()) {
      this.#refuse(id, compactedFailure(startRevision, state.earliestRevision()));
      return;
    }
    const created = { $typeName: "raftkv.kv.v1.WatchCreated", revision: BigInt(revision) } as const;
    this.#say(watchResponse(id, { case: "created", value: created }));
    const wantsProgress = progressMs !== undefined;
    this.#watches.set(id, watchHub.add({ id, interest, startRevision, credit, wantsProgress }, this));
    if (progressMs !== undefined) this.#sayProgressEvery(progressMs);
  }

  #tooMany(): Failure | undefined {
    const { limits, watchHub } = this.#context;
    const here = this.#watches.size + this.#unstarted.size;
    if (here >= limits.maxStreamWatches) {
      return exhausted(`the stream has ${here} watches, and takes no more: open another stream`);
    }
    if (watchHub.size < limits.maxWatches) return undefined;
    return exhausted(`this node has ${watchHub.size} watches, and takes no more: try another node`);
  }

  #cancel(watchId: bigint): void {
    const watch = this.#watches.get(watchId);
    const unstarted = this.#unstarted.get(watchId);
    if (watch === undefined && unstarted === undefined) return; // It has ended by itself, and the client hears of that.
    this.#unstarted.delete(watchId);
    unstarted?.endWait();
    this.#watches.delete(watchId);
    if (watch !== undefined) this.#context.watchHub.remove(watch);
    const canceled = { $typeName: "raftkv.kv.v1.WatchCanceled" } as const;
    this.#say(watchResponse(watchId, { case: "canceled", value: canceled }));
  }

  #refuse(watchId: bigint, failure: Failure): void {
    const canceled = { $typeName: "raftkv.kv.v1.WatchCanceled", error: errorDetail(failure) } as const;
    this.#say(watchResponse(watchId, { case: "canceled", value: canceled }));
  }

  #say(message: WatchResponse): void {
    if (this.#ended !== undefined) return;
    this.#outbox.say(message);
    this.#changed();
  }

  /** One timer a stream: what its most eager watch wants. */
  #sayProgressEvery(everyMs: number): void {
    if (this.#progress !== undefined && this.#progress.everyMs <= everyMs) return;
    this.#progress?.timer.cancel();
    const clock = this.#context.options.clock ?? systemClock;
    const fire = (): Timer =>
      clock.setTimer(everyMs, () => {
        if (this.#progress === undefined || this.#ended !== undefined) return;
        this.#progress.timer = fire();
        this.#sayProgress();
      });
    this.#progress = { everyMs, timer: fire() };
  }

  /** A node that is cut off from its cluster keeps quiet, so that clients look for another one. */
  #sayProgress(): void {
    // Asked for now: a newcomer may have heard its leader before it could tell who that is, and its transport tells it first.
    const { role, leader } = this.#context.options.consensus.status();
    if ((role !== "leader" && leader === undefined) || !this.hasRoom) return;
    const told = this.#context.watchHub.told;
    const wanted = [...this.#watches.values()].filter(({ wantsProgress }) => wantsProgress);
    const isOneForAll = wanted.length === this.#watches.size && this.#unstarted.size === 0;
    if (isOneForAll && wanted.every(({ state }) => state === "synced")) this.#sayToldThrough(0n, told);
    // One that is behind, and has come a little further perhaps.
    else for (const watch of wanted) this.#sayToldThrough(watch.id, watch.state === "synced" ? told : watch.told);
  }

  #sayToldThrough(watchId: bigint, revision: number): void {
    const progress = { $typeName: "raftkv.kv.v1.WatchProgress", revision: BigInt(revision) } as const;
    this.#say(watchResponse(watchId, { case: "progress", value: progress }));
  }
}

function exhausted(message: string): Failure {
  return { code: ErrorCode.RESOURCE_EXHAUSTED, message };
}
