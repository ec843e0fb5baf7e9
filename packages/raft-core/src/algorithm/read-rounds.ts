import type { Index, NodeId } from "./entry.ts";
import type { ReadId } from "./input.ts";
import type { ReadContext } from "./message.ts";

/** A read that another node asks for. */
export interface ForwardedRead {
  readonly from: NodeId;
  /** Its data directory, and with it who counts the contexts; undefined where the transport does not tell. */
  readonly fromMemberId?: string | undefined;
  readonly context: ReadContext;
}

interface Reads {
  local: ReadId[];
  forwarded: ForwardedRead[];
}

/** Reads that wait for a quorum to answer a round that began after they arrived. */
interface Round extends Reads {
  readonly round: number;
  /** The commit index when the round began. */
  readonly index: Index;
}

/**
 * The leader's side of linearizable reads (dissertation, section 6.4). Reads gather while a round is under way, and
 * the next one answers all of them.
 */
export class ReadRounds {
  #queued: Reads = { local: [], forwarded: [] };
  /** Ascending by round. */
  #running: Round[] = [];

  get hasQueued(): boolean {
    return this.#queued.local.length + this.#queued.forwarded.length > 0;
  }

  get isRunning(): boolean {
    return this.#running.length > 0;
  }

  addLocal(id: ReadId): void {
    this.#queued.local.push(id);
  }

  /** A repeated request adds nothing: the first one is still to be answered. */
  addForwarded(read: ForwardedRead): void {
    if (!this.#all().some((reads) => reads.forwarded.some((known) => isSame(known, read)))) {
      this.#queued.forwarded.push(read);
    }
  }

  cancel(id: ReadId): void {
    for (const reads of this.#all()) reads.local = reads.local.filter((local) => local !== id);
  }

  /** The queued reads wait for `round` from now on. */
  begin(round: number, index: Index): void {
    if (!this.hasQueued) return;
    this.#running.push({ round, index, ...this.#queued });
    this.#queued = { local: [], forwarded: [] };
  }

  /** A quorum has answered `round`, and with it all before. */
  complete(round: number): readonly Readonly<Round>[] {
    const done = this.#running.filter((running) => running.round <= round);
    if (done.length > 0) this.#running = this.#running.filter((running) => running.round > round);
    return done;
  }

  /** Gives up all reads of this node itself; those of others are theirs to ask for again. */
  surrenderLocal(): readonly ReadId[] {
    return this.#all().flatMap((reads) => reads.local);
  }

  #all(): Reads[] {
    return [...this.#running, this.#queued];
  }
}

function isSame(a: ForwardedRead, b: ForwardedRead): boolean {
  const sameAsker = a.from === b.from && a.fromMemberId === b.fromMemberId;
  return sameAsker && a.context.sequence === b.context.sequence && a.context.incarnation === b.context.incarnation;
}
