import type { Index, NodeId } from "./entry.ts";

/** How far a snapshot has come on its way. */
export interface SnapshotAdvance {
  /** Where the snapshot stands; 0 while it is not chosen. */
  readonly index: Index;
  readonly bytesSent: number;
  /** Of the whole; 0 while it is not chosen. */
  readonly bytes: number;
}

const maxVainTries = 3;

/**
 * How a follower comes to a snapshot: who sends it, and how far that has come. Lasts over attempts that break off, until
 * the follower follows the log again: what it has of a snapshot is worth going on with.
 */
export class SnapshotCourse {
  #source: NodeId;
  #advance: SnapshotAdvance = { index: 0, bytesSent: 0, bytes: 0 };
  /** The furthest that an attempt from the present source has come. */
  #furthest = 0;
  /** Attempts in a row that have not reached the follower. */
  #vainTries = 0;
  /** Followers that were asked, and have not brought it on. */
  readonly #unfit = new Set<NodeId>();
  #silentMs = 0;

  constructor(source: NodeId) {
    this.#source = source;
  }

  get source(): NodeId {
    return this.#source;
  }

  get advance(): SnapshotAdvance {
    return this.#advance;
  }

  /** Since the sending was begun, or last heard of. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Whoever has brought it on so far, to go on with: another one's snapshot would have other bytes. */
  get preferred(): NodeId | undefined {
    return this.#furthest > 0 && !this.#unfit.has(this.#source) ? this.#source : undefined;
  }

  /** A follower was asked, to no avail: the leader does it itself. */
  get hasFailedElsewhere(): boolean {
    return this.#unfit.size > 0;
  }

  begin(source: NodeId): void {
    this.#silentMs = 0;
    if (source === this.#source) return;
    this.#source = source;
    this.#advance = { index: 0, bytesSent: 0, bytes: 0 };
    this.#furthest = 0;
    this.#vainTries = 0;
  }

  tick(elapsedMs: number): void {
    this.#silentMs += elapsedMs;
  }

  moved(advance: SnapshotAdvance): void {
    this.#silentMs = 0;
    this.#advance = advance;
  }

  /**
   * An attempt has failed. A source that has brought it no further is not asked again; one that had come some way and
   * has not reached the follower, which may be coming back, has a few more tries.
   */
  failed(bytesSent: number): void {
    this.#silentMs = 0;
    if (bytesSent > this.#furthest) {
      this.#furthest = bytesSent;
      this.#vainTries = 0;
    } else if (bytesSent > 0 || this.#furthest === 0 || ++this.#vainTries === maxVainTries) {
      this.#unfit.add(this.#source);
    }
    if (bytesSent > 0) this.#advance = { ...this.#advance, bytesSent };
  }

  /** The source is gone, or says nothing any more. */
  sourceLost(): void {
    this.#unfit.add(this.#source);
  }
}
