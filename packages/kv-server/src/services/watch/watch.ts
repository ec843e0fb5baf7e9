import { type EventBody, encodeWatchId, type SharedEvent } from "./event-body.ts";
import { bodiesOf, byRevision, type RevisionEvents } from "./told-events.ts";
import type { WatchGroup } from "./watch-groups.ts";

/** Where the responses of a watch go, and who hears of its end. */
export interface WatchOutlet {
  /** False: what was put in has to leave first. */
  readonly hasRoom: boolean;
  put(watch: Watch, body: EventBody): void;
}

/** Events that a group is told, of all revisions up to `through` that the group has not been told of. */
export class ToldEvents {
  readonly revisions: readonly RevisionEvents[];
  readonly through: number;
  readonly credit: number;
  readonly #fragments: boolean;
  #bodies: readonly EventBody[] | undefined;

  constructor(events: readonly SharedEvent[], through: number, fragments: boolean) {
    this.revisions = byRevision(events);
    this.through = through;
    this.credit = this.revisions.reduce((sum, { credit }) => sum + credit, 0);
    this.#fragments = fragments;
  }

  /** Nobody who is told of them has been told of any. */
  get bodies(): readonly EventBody[] {
    this.#bodies ??= bodiesOf(this.revisions, this.through, this.#fragments);
    return this.#bodies;
  }
}

/** About so much is told at a time where not all may be told at once. */
const PIECE_CREDIT = 256 * 1024;

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
  /**
   * Everything up to this revision has been told, or is before the start. While the watch is synced that may be more: see
   * `LiveFeed`.
   */
  told: number;
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
    this.told = start.told;
    this.wantsProgress = start.wantsProgress;
    this.#credit = start.credit;
  }

  get mayTell(): boolean {
    return this.#credit > 0 && this.outlet.hasRoom;
  }

  giveCredit(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, Number.MAX_SAFE_INTEGER);
  }

  /** Tells what it has not been told of these. False: credit or room has run out; `told` says how far it has come. */
  tell(events: ToldEvents): boolean {
    const { revisions, through, credit } = events;
    const first = revisions[0];
    if (first !== undefined && first.revision > this.told && credit <= this.#credit && this.outlet.hasRoom) {
      this.#put(events.bodies, credit);
    } else if (!this.#tellInPieces(revisions, events)) return false;
    this.told = Math.max(this.told, through);
    return true;
  }

  #tellInPieces(revisions: readonly RevisionEvents[], { through }: ToldEvents): boolean {
    let position = revisions.findIndex(({ revision }) => revision > this.told);
    if (position < 0) return true;
    while (position < revisions.length) {
      if (!this.mayTell) return false;
      const end = this.#pieceEnd(revisions, position);
      const piece = revisions.slice(position, end);
      const last = end === revisions.length ? through : (piece.at(-1)?.revision ?? through);
      const credit = piece.reduce((sum, one) => sum + one.credit, 0);
      this.#put(bodiesOf(piece, last, this.group.interest.fragments), credit);
      this.told = last;
      position = end;
    }
    return true;
  }

  /** As many revisions as there is credit for, but at least one. */
  #pieceEnd(revisions: readonly RevisionEvents[], from: number): number {
    let left = Math.min(this.#credit, PIECE_CREDIT);
    let end = from;
    while (end < revisions.length) {
      left -= revisions[end]?.credit ?? 0;
      if (left < 0 && end > from) break;
      end++;
    }
    return end;
  }

  #put(bodies: readonly EventBody[], credit: number): void {
    this.#credit -= credit;
    for (const body of bodies) this.outlet.put(this, body);
  }
}
