import type { Index, NodeId } from "./entry.ts";
import { InflightWindow } from "./inflight-window.ts";
import type { LogRead } from "./input.ts";
import { invariant } from "./invariant.ts";
import { type SnapshotAdvance, SnapshotCourse } from "./snapshot-course.ts";

/**
 * `probe`: where the logs part is not known; one append at a time looks for it. `replicate`: it is known; appends are
 * pipelined. `snapshot`: the log no longer holds what the follower needs; a snapshot is on its way.
 */
export type ProgressState = "probe" | "replicate" | "snapshot";

export interface InflightLimits {
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
}

/** What a leader knows of one follower, for the time of its leadership. Owns all transitions of that knowledge. */
export class Progress {
  readonly id: NodeId;
  /** In `replicate`: what has not been answered. */
  readonly #inflight: InflightWindow;
  #state: ProgressState = "probe";
  /** The follower holds the leader's entries up to here, durably. Never goes back. */
  #match: Index = 0;
  /** The next entry to send; always above `#match`. */
  #next: Index;
  /** In `probe`: an append is under way, and nothing more is sent until it is answered. */
  #probing = false;
  /** One append without entries may go whatever is in flight: it shows whether something was lost. */
  #nudged = false;
  /** The highest commit index that was sent and that the follower could act on. */
  #commitSent: Index = 0;
  #ackedRound = 0;
  #silentMs = 0;
  #wasHeard = false;
  /** The last round begun before messages to it were last reported lost; undefined: an answer to a later one has come. */
  #lostInRound: number | undefined;
  /** How long no append has been sent or answered. */
  #idleMs = 0;
  #reading: LogRead | undefined;
  #course: SnapshotCourse | undefined;

  constructor(id: NodeId, next: Index, limits: InflightLimits) {
    this.id = id;
    this.#next = next;
    this.#inflight = new InflightWindow(limits.maxInflightMessages, limits.maxInflightBytes);
  }

  get state(): ProgressState {
    return this.#state;
  }

  get match(): Index {
    return this.#match;
  }

  get next(): Index {
    return this.#next;
  }

  get commitSent(): Index {
    return this.#commitSent;
  }

  /** The last heartbeat round that the follower has answered. */
  get ackedRound(): number {
    return this.#ackedRound;
  }

  /** How long nothing has been heard of the follower. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Whether it has been heard within so long, and messages reach it as far as is known. */
  isAlive(withinMs: number): boolean {
    return this.#wasHeard && this.#silentMs < withinMs && this.#lostInRound === undefined;
  }

  /** Entries that were asked of storage for this follower and have not come yet. */
  get reading(): LogRead | undefined {
    return this.#reading;
  }

  /** The snapshot on its way to this follower, or the last one that broke off; until it follows the log again. */
  get course(): SnapshotCourse | undefined {
    return this.#course;
  }

  get mayAppend(): boolean {
    if (this.#state === "probe") return !this.#probing;
    return this.#state === "replicate" && !this.#inflight.isFull;
  }

  get mayNudge(): boolean {
    return this.#nudged && this.#state !== "snapshot";
  }

  tick(elapsedMs: number): void {
    this.#silentMs += elapsedMs;
    this.#idleMs += elapsedMs;
    this.#course?.tick(elapsedMs);
  }

  /** Any message of this term shows that the follower is alive. */
  heard(): void {
    this.#silentMs = 0;
    this.#wasHeard = true;
  }

  ackRound(round: number): void {
    this.#ackedRound = Math.max(this.#ackedRound, round);
    if (this.#lostInRound !== undefined && round > this.#lostInRound) this.#lostInRound = undefined;
  }

  /** A follower that answers heartbeats, lags, and yet has been idle for so long may have missed an append. */
  nudgeIfIdle(forMs: number): void {
    if (this.#idleMs >= forMs) this.#nudged = true;
  }

  /** An append with entries up to `last`, `bytes` large, has been sent from `next` on. */
  sentEntries(last: Index, bytes: number): void {
    invariant(this.mayAppend, "appends wait for their turn");
    this.#nudged = false;
    this.#idleMs = 0;
    if (this.#state === "probe") {
      this.#probing = true;
      return;
    }
    invariant(last >= this.#next, "an append carries the next entries");
    this.#next = last + 1;
    this.#inflight.add(last, bytes);
  }

  /** An append without entries, after `next - 1`, has been sent. */
  sentEmpty(): void {
    this.#nudged = false;
    this.#idleMs = 0;
    this.#probing = true;
  }

  sentCommit(commit: Index): void {
    this.#commitSent = Math.max(this.#commitSent, commit);
  }

  startReading(request: LogRead): void {
    invariant(this.#reading === undefined, "one read of the log a follower");
    this.#reading = request;
  }

  doneReading(): void {
    this.#reading = undefined;
  }

  /** What was to be read from the log is gone from it: wait until a heartbeat is answered, then look again. */
  entriesGone(): void {
    if (this.#state !== "replicate") return;
    this.#becomeProbe(this.#match + 1);
    this.#probing = true;
  }

  /**
   * The follower accepted an append and holds everything up to `match`. Answers whether that was news.
   * @param base The follower's log connects with the leader's from here on.
   */
  accepted(match: Index, base: Index): boolean {
    this.#idleMs = 0;
    const isNews = match > this.#match;
    if (isNews) {
      this.#match = match;
      this.#next = Math.max(this.#next, match + 1);
    }
    this.#inflight.free(this.#match);
    const connects = this.#state === "probe" ? isNews || match === this.#match : this.#match >= base;
    if (this.#state !== "replicate" && connects) this.#becomeReplicate();
    return isNews;
  }

  /**
   * The follower refused an append after `prevIndex`; entries after `hint` cannot match. A refusal counts only if it
   * answers what was last tried, and never moves back over what is known to match: an old one changes nothing.
   */
  rejected(prevIndex: Index, hint: Index): void {
    if (this.#state === "snapshot") return;
    if (this.#state === "replicate") {
      if (prevIndex > this.#match && prevIndex < this.#next) this.#becomeProbe(this.#match + 1);
      return;
    }
    if (prevIndex !== this.#next - 1) return;
    const next = Math.max(Math.min(prevIndex, hint + 1), this.#match + 1);
    // A follower that refuses what it has acknowledged will refuse it again: leave that to the heartbeats' pace.
    if (next === this.#next) return;
    this.#next = next;
    this.#probing = false;
  }

  /**
   * Messages are being lost: what is in flight may never arrive. It counts as silent at once, and until it answers a round
   * after `round`, the last one begun: what it had sent before its connection broke may come later still.
   */
  unreachable(round: number): void {
    this.#lostInRound = round;
    if (this.#state === "replicate") this.#becomeProbe(this.#match + 1);
  }

  /** `source` sends it. */
  becomeSnapshot(source: NodeId): void {
    this.#state = "snapshot";
    this.#course ??= new SnapshotCourse(source);
    this.#course.begin(source);
    this.#nudged = false;
  }

  /** `source` tells how far its sending has come. Whoever is not, or no longer, to send is not heard. */
  snapshotMoved(source: NodeId, advance: SnapshotAdvance): void {
    if (this.#state === "snapshot" && this.#course?.source === source) this.#course.moved(advance);
  }

  /** As `snapshotEnded`, if it was `source` that was to send it; `bytesSent` had left. */
  snapshotEndedBy(source: NodeId, index: Index | undefined, bytesSent: number): void {
    if (this.#state !== "snapshot" || this.#course?.source !== source) return;
    if (index === undefined) this.#course.failed(bytesSent);
    this.snapshotEnded(index);
  }

  /**
   * Sending a snapshot has ended: `index` if the follower has it, undefined if that failed. What the follower holds
   * durably is for its next acceptance to say: it may crash before its log begins after the snapshot.
   */
  snapshotEnded(index: Index | undefined): void {
    if (this.#state !== "snapshot") return;
    if (index !== undefined) {
      this.#becomeProbe(Math.max(index, this.#match) + 1);
      return;
    }
    this.#becomeProbe(this.#match + 1);
    this.#probing = true;
    // What has been heard while it was on its way is no sign of life any more.
    this.#nudged = false;
  }

  #becomeProbe(next: Index): void {
    this.#state = "probe";
    this.#next = next;
    this.#probing = false;
  }

  #becomeReplicate(): void {
    this.#state = "replicate";
    this.#course = undefined;
    this.#next = this.#match + 1;
    this.#inflight.clear();
  }
}
