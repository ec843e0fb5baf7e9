import { after, type ChangePosition, isBefore, startOf } from "../../state/change-position.ts";
import { EventBody, type SharedEvent } from "./event-body.ts";

/** About so many bytes of events make one response. */
const PIECE_BYTES = 256 * 1024;

/** Some events that one response tells: of whole revisions, or a part of one. */
export class ToldPiece {
  readonly events: readonly SharedEvent[];
  /** What is told up to there is told with these. */
  readonly next: ChangePosition;
  readonly credit: number;
  #body: EventBody | undefined;

  constructor(events: readonly SharedEvent[], next: ChangePosition) {
    this.events = events;
    this.next = next;
    this.credit = creditOf(events);
  }

  /** Encoded once for all who are told just these. */
  get body(): EventBody {
    this.#body ??= new EventBody(this.events, this.next.revision - 1);
    return this.#body;
  }

  /** What is left of it from there on, and of that as many revisions as there is credit for, but at least one. */
  part(from: ChangePosition, credit: number): ToldPiece {
    const { events, next } = this;
    const [first] = events;
    const isUntold = first === undefined || !isBefore(first, from);
    if (isUntold && (this.credit <= credit || first?.revision === events.at(-1)?.revision)) return this;
    let begin = 0;
    while (begin < events.length && isBefore(events[begin] ?? from, from)) begin++;
    const firstRevision = events[begin]?.revision ?? next.revision;
    let end = begin;
    let left = credit;
    while (end < events.length) {
      const revisionEnd = endOfRevision(events, end);
      left -= creditOf(events.slice(end, revisionEnd));
      if (left < 0 && (events[end]?.revision ?? firstRevision) > firstRevision) break;
      end = revisionEnd;
    }
    const last = events[end - 1];
    const isCut = end < events.length && last !== undefined;
    return new ToldPiece(events.slice(begin, end), isCut ? startOf(last.revision + 1) : next);
  }
}

/** All that a group is told of the writes before `next` which it was not told of. */
export class ToldEvents {
  readonly pieces: readonly ToldPiece[];
  readonly next: ChangePosition;

  constructor(events: readonly SharedEvent[], next: ChangePosition) {
    this.pieces = piecesOf(events, next);
    this.next = next;
  }
}

/** A revision that is larger than a piece is told in several, and may begin after others in one. */
function piecesOf(events: readonly SharedEvent[], next: ChangePosition): readonly ToldPiece[] {
  const pieces: ToldPiece[] = [];
  let piece: SharedEvent[] = [];
  let bytes = 0;
  const close = (at: ChangePosition) => {
    pieces.push(new ToldPiece(piece, at));
    piece = [];
    bytes = 0;
  };
  for (let at = 0; at < events.length; ) {
    const end = endOfRevision(events, at);
    const revision = events.slice(at, end);
    const before = piece.at(-1);
    if (before !== undefined && bytes + creditOf(revision) > PIECE_BYTES) close(startOf(before.revision + 1));
    for (const event of revision) {
      const last = piece.at(-1);
      if (last !== undefined && bytes + event.credit > PIECE_BYTES) close(after(last));
      piece.push(event);
      bytes += event.credit;
    }
    at = end;
  }
  if (piece.length > 0) close(next);
  return pieces;
}

function endOfRevision(events: readonly SharedEvent[], from: number): number {
  let end = from;
  while (end < events.length && events[end]?.revision === events[from]?.revision) end++;
  return end;
}

function creditOf(events: readonly SharedEvent[]): number {
  return events.reduce((sum, { credit }) => sum + credit, 0);
}
