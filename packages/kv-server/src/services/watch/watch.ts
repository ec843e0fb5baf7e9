import { type ChangePosition, isBefore, startOf } from "../../state/change-position.ts";
import { EventBody, encodeWatchId } from "./event-body.ts";
import type { ToldEvents, ToldPiece } from "./told-events.ts";
import type { WatchGroup } from "./watch-groups.ts";

/** Where the responses of a watch go, and who hears of its end. */
export interface WatchOutlet {
  /** False: what was put in has to leave first. */
  readonly hasRoom: boolean;
  put(watch: Watch, body: EventBody): void;
}

/**
 * One watch. It is synced while it hears of changes as they are applied, and behind where it has to read what it has not
 * been told from history: at first, and after its client had no credit or did not read.
 */
export class Watch {
  readonly id: bigint;
  readonly encodedId: Uint8Array;
  readonly group: WatchGroup;
  readonly outlet: WatchOutlet;
  readonly wantsProgress: boolean;
  state: "synced" | "behind" | "ended" = "behind";
  /** For the outlet: the place there of what was put last. */
  lastOutgoing = 0;
  #next: ChangePosition;
  /** It has been told a part of a revision: the client needs the rest before it can use up any of it. */
  #owesRest = false;
  #credit: number;

  constructor(
    id: bigint,
    group: WatchGroup,
    outlet: WatchOutlet,
    start: { readonly told: number; readonly credit: number; readonly wantsProgress: boolean },
  ) {
    this.id = id;
    this.encodedId = encodeWatchId(id);
    this.group = group;
    this.outlet = outlet;
    this.#next = startOf(start.told + 1);
    this.wantsProgress = start.wantsProgress;
    this.#credit = start.credit;
  }

  /**
   * Everything before it has been told, or is before the start. While the watch is synced that may be more: see
   * `LiveFeed`.
   */
  get next(): ChangePosition {
    return this.#next;
  }

  /** The last revision that has been told to its end. */
  get told(): number {
    return this.#next.revision - 1;
  }

  get mayTell(): boolean {
    return (this.#credit > 0 || this.#owesRest) && this.outlet.hasRoom;
  }

  giveCredit(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, Number.MAX_SAFE_INTEGER);
  }

  /** There is nothing for it before there. */
  passTo(next: ChangePosition): void {
    if (!isBefore(this.#next, next)) return;
    if (this.#owesRest && next.revision > this.#next.revision) {
      // What is left of the revision does not concern it: the client has to hear that it has come to its end.
      this.#owesRest = false;
      this.outlet.put(this, new EventBody([], next.revision - 1));
    }
    this.#next = next;
  }

  /** Tells what it has not been told of these. False: credit or room has run out; `next` says how far it has come. */
  tell({ pieces, next }: ToldEvents): boolean {
    for (const piece of pieces) {
      while (isBefore(this.#next, piece.next)) {
        if (!this.mayTell) return false;
        this.#tellPart(piece.part(this.#next, this.#credit));
      }
    }
    this.passTo(next);
    return true;
  }

  #tellPart(part: ToldPiece): void {
    const { next, events } = part;
    const last = events.at(-1);
    if (last === undefined) {
      this.passTo(next);
      return;
    }
    this.#credit -= part.credit;
    this.outlet.put(this, part.body);
    this.#next = next;
    this.#owesRest = last.revision === next.revision;
  }
}
