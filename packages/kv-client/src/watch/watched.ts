import type { CreateWatch } from "@raftkv/proto/kv";
import { RaftKvError } from "../error.ts";
import { Fragments } from "./fragments.ts";
import type { Told, ToldBatch } from "./told.ts";
import type { WatchBatch } from "./watch-event.ts";
import type { WatchPlan } from "./watch-options.ts";

/** How often nodes say how far they have come: whoever is silent for much longer does not serve. */
export const progressEveryMs = 3_000;

export interface WatchedHandlers {
  /** A node serves it; it tells what follows this revision. Called once for each node that does. */
  started(revision: number): void;
  /** There is more to take. */
  arrived(): void;
  /** It ends with this, after what has arrived. */
  failed(error: RaftKvError): void;
}

/**
 * What one watch has been told, whichever nodes told it: in order, each revision once and whole. It knows from where the
 * next node has to go on, and how much credit that is to be given.
 */
export class Watched {
  readonly #plan: WatchPlan;
  readonly #handlers: WatchedHandlers;
  #arrived: ToldBatch[] = [];
  /** Of all that has arrived and was not taken. */
  #arrivedCredit = 0;
  readonly #fragments = new Fragments();
  /** What was taken, and not given to the node as credit; below 0 while more has come than there was credit for. */
  #freed = 0;
  /** The present node has taken it up: what that says of all its watches counts for this one. */
  #isServed = false;
  #wasServed = false;
  /** Everything up to here was told. Undefined: no node has served it yet, and it is to begin from then on. */
  #through: number | undefined;

  constructor(plan: WatchPlan, handlers: WatchedHandlers) {
    this.#plan = plan;
    this.#handlers = handlers;
    this.#through = plan.startRevision === undefined ? undefined : plan.startRevision - 1;
  }

  /** The present node has taken it up. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** Some node has taken it up. */
  get wasServed(): boolean {
    return this.#wasServed;
  }

  /** What a node is asked for that is to go on with it. */
  request(watchId: bigint): CreateWatch {
    const { from, to, previous, events, bufferBytes, minRevision, startRevision } = this.#plan;
    const room = bufferBytes - this.#arrivedCredit;
    this.#fragments.clear();
    this.#isServed = false;
    this.#freed = Math.min(0, room);
    const hasBegun = this.#through !== undefined && this.#through !== (startRevision ?? 0) - 1;
    return {
      $typeName: "raftkv.kv.v1.CreateWatch",
      watchId,
      from,
      to,
      startRevision: this.#through === undefined ? 0n : BigInt(this.#through + 1),
      withoutPuts: events === "delete",
      withoutDeletes: events === "put",
      withPrevious: previous,
      progressIntervalMs: BigInt(progressEveryMs),
      creditBytes: BigInt(Math.max(0, room)),
      // A node that is further behind than what is known already is of little use.
      minRevision: BigInt(hasBegun ? Math.max(minRevision, this.#through ?? 0) : minRevision),
    };
  }

  created(revision: number): void {
    this.#isServed = true;
    this.#wasServed = true;
    this.#through ??= revision;
    this.#handlers.started(this.#through);
  }

  events(told: Told): void {
    const whole = this.#whole(told);
    if (whole === undefined) return;
    const batches = whole.batches(this.#plan.toOwn);
    for (const batch of batches) this.#arrive(batch);
    this.progress(told.through);
    if (batches.length > 0) this.#handlers.arrived();
  }

  #whole(told: Told): Told | undefined {
    try {
      return this.#fragments.add(told);
    } catch (error) {
      if (!(error instanceof RaftKvError)) throw error;
      this.failed(error);
      return undefined;
    }
  }

  /** Everything up to `revision` was told, if the node has taken the watch up: it may have spoken before it had heard of it. */
  progress(revision: number): void {
    if (!this.#isServed || this.#through === undefined || revision <= this.#through) return;
    this.#through = revision;
    const last = this.#arrived.at(-1);
    if (!this.#plan.progress || last?.revision === revision) return;
    // A mark that nobody has taken says nothing that the next one does not.
    if (last?.events.length === 0) this.#arrived.pop();
    this.#arrived.push({ revision, events: [], credit: 0 });
    this.#handlers.arrived();
  }

  failed(error: RaftKvError): void {
    this.#handlers.failed(error);
  }

  /** The next batch; undefined: there is none just now. */
  take(): WatchBatch | undefined {
    const next = this.#arrived.shift();
    if (next === undefined) return undefined;
    this.#arrivedCredit -= next.credit;
    this.#freed += next.credit;
    return next;
  }

  /** Credit that is due to the node, once that is half of what it may have; 0 before: it has the other half. */
  takeCredit(): number {
    const due = this.#freed;
    if (due < this.#plan.bufferBytes / 2) return 0;
    this.#freed = 0;
    return due;
  }

  #arrive(batch: ToldBatch): void {
    const { revision, credit } = batch;
    // Said already, by a node that was asked for more than it should have been.
    if (this.#through !== undefined && revision <= this.#through) this.#freed += credit;
    else {
      this.#through = revision;
      this.#arrived.push(batch);
      this.#arrivedCredit += credit;
    }
  }
}
