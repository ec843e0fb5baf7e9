import type { ReadId } from "./input.ts";

interface Request {
  readonly sequence: number;
  ids: readonly ReadId[];
  unansweredMs: number;
}

/** So many requests to the leader may be unanswered; later reads share the next one. */
const maxRequests = 16;
/** More reads than that are turned away. */
const maxReads = 65_536;

const none: readonly never[] = [];

/** Reads of a node that does not lead: those of one turn share one request to the leader. */
export class WaitingReads {
  #unsent: ReadId[] = [];
  #requests: Request[] = [];
  #sequence = 0;
  #count = 0;
  #leaderlessMs = 0;

  /** How long nobody has been known to lead. */
  get leaderlessMs(): number {
    return this.#leaderlessMs;
  }

  /** Answers false, and takes nothing in, when too many wait already. */
  add(id: ReadId): boolean {
    if (this.#count >= maxReads) return false;
    this.#unsent.push(id);
    this.#count++;
    return true;
  }

  cancel(id: ReadId): void {
    const keeps = (other: ReadId) => other !== id;
    this.#unsent = this.#unsent.filter(keeps);
    for (const request of this.#requests) request.ids = request.ids.filter(keeps);
    this.#requests = this.#requests.filter((request) => request.ids.length > 0);
    this.#recount();
  }

  tick(elapsedMs: number, hasLeader: boolean): void {
    this.#leaderlessMs = hasLeader ? 0 : this.#leaderlessMs + elapsedMs;
    for (const request of this.#requests) request.unansweredMs += elapsedMs;
  }

  /** A leader has turned up, or another one: what was asked before may never be answered. */
  leaderChanged(): void {
    this.#leaderlessMs = 0;
    for (const request of this.#requests) request.unansweredMs = Number.POSITIVE_INFINITY;
  }

  /** The sequences to ask the leader about now: new ones, and those unanswered for `resendAfterMs`. */
  takeDue(resendAfterMs: number): readonly number[] {
    if (this.#unsent.length > 0 && this.#requests.length < maxRequests) {
      // Due at once, like one whose answer is long overdue.
      this.#requests.push({ sequence: ++this.#sequence, ids: this.#unsent, unansweredMs: Number.POSITIVE_INFINITY });
      this.#unsent = [];
    }
    let due: number[] | undefined;
    for (const request of this.#requests) {
      if (request.unansweredMs < resendAfterMs) continue;
      request.unansweredMs = 0;
      due ??= [];
      due.push(request.sequence);
    }
    return due ?? none;
  }

  /** The reads that shared the request; none if it is not known (any more). */
  answered(sequence: number): readonly ReadId[] {
    const request = this.#requests.find((candidate) => candidate.sequence === sequence);
    if (request === undefined) return [];
    this.#requests = this.#requests.filter((other) => other !== request);
    this.#recount();
    return request.ids;
  }

  takeAll(): readonly ReadId[] {
    const ids = [...this.#requests.flatMap((request) => request.ids), ...this.#unsent];
    this.#requests = [];
    this.#unsent = [];
    this.#count = 0;
    return ids;
  }

  #recount(): void {
    this.#count = this.#requests.reduce((sum, request) => sum + request.ids.length, this.#unsent.length);
  }
}
