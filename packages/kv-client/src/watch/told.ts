import type { WatchEvent as WireWatchEvent } from "@raftkv/proto/kv";
import { creditOf, revisionOf, toEvent, type WatchBatch, type WatchEvent } from "./watch-event.ts";

/** An event as whoever asked knows its key. */
export type ToOwn = (event: WireWatchEvent) => WireWatchEvent;

export interface ToldBatch extends WatchBatch {
  /** What it counts of the credit that the client gave. */
  readonly credit: number;
}

/** Events as a node tells them, for one watch or many: made ready once for all who know their keys alike. */
export class Told {
  readonly events: readonly WireWatchEvent[];
  /** Everything up to this revision is told with these. */
  readonly through: number;
  readonly #batches = new Map<ToOwn, readonly ToldBatch[]>();

  constructor(events: readonly WireWatchEvent[], through: number) {
    this.events = events;
    this.through = through;
  }

  /** Every revision of which there is something is told to its end. */
  get isWhole(): boolean {
    const last = this.events.at(-1);
    return last === undefined || revisionOf(last) <= this.through;
  }

  batches(toOwn: ToOwn): readonly ToldBatch[] {
    let batches = this.#batches.get(toOwn);
    if (batches === undefined) {
      batches = batchesOf(this.events, toOwn);
      this.#batches.set(toOwn, batches);
    }
    return batches;
  }
}

function batchesOf(wires: readonly WireWatchEvent[], toOwn: ToOwn): readonly ToldBatch[] {
  const batches: { revision: number; events: WatchEvent[]; credit: number }[] = [];
  for (const wire of wires) {
    const revision = revisionOf(wire);
    let last = batches.at(-1);
    if (last?.revision !== revision) {
      last = { revision, events: [], credit: 0 };
      batches.push(last);
    }
    const event = toEvent(toOwn(wire));
    if (event !== undefined) last.events.push(frozen(event));
    last.credit += creditOf(wire);
  }
  for (const batch of batches) {
    Object.freeze(batch.events);
    Object.freeze(batch);
  }
  return batches;
}

/** Several watches tell the same. */
function frozen(event: WatchEvent): WatchEvent {
  Object.freeze(event.entry);
  Object.freeze(event.previous);
  return Object.freeze(event);
}
