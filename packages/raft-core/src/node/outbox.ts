import type { Outgoing } from "../algorithm/effects.ts";
import type { BatchId } from "../algorithm/input.ts";
import type { RaftTransport } from "../ports/raft-transport.ts";

/** A disk that stands still must not fill memory: beyond that many, messages are lost, as on any network. */
const MAX_HELD = 10_000;

/**
 * Holds messages back until what they say is on stable storage. First in, first out: a message may wait for a later
 * batch than its own when one before it does, and never leaves before its own.
 */
export class Outbox {
  readonly #transport: RaftTransport;
  #held: Outgoing[] = [];
  #persisted: BatchId = 0;
  #closed = false;

  constructor(transport: RaftTransport) {
    this.#transport = transport;
  }

  send(messages: readonly Outgoing[]): void {
    if (this.#closed) return;
    for (const outgoing of messages) {
      if (this.#mayLeave(outgoing)) this.#send(outgoing);
      else if (this.#held.length < MAX_HELD) this.#held.push(outgoing);
    }
  }

  /** Batch `batch`, and all before it, are on stable storage. */
  persisted(batch: BatchId): void {
    if (batch > this.#persisted) this.#persisted = batch;
    if (this.#held.length === 0) return;
    const stays = this.#held.findIndex((outgoing) => !this.#mayLeave(outgoing));
    const leaving = this.#held.splice(0, stays === -1 ? this.#held.length : stays);
    for (const outgoing of leaving) this.#send(outgoing);
  }

  /** Nothing leaves any more, what is held included. */
  close(): void {
    this.#closed = true;
    this.#held = [];
  }

  #send({ to, message, toMemberId }: Outgoing): void {
    this.#transport.send(to, message, toMemberId);
  }

  #mayLeave(outgoing: Outgoing): boolean {
    return outgoing.after === undefined || outgoing.after <= this.#persisted;
  }
}
