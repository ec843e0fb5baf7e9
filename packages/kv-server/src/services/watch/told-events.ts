import { EventBody, type SharedEvent } from "./event-body.ts";

/** All events of one revision that a group is told. */
export interface RevisionEvents {
  readonly revision: number;
  readonly events: readonly SharedEvent[];
  readonly credit: number;
}

/** About so many bytes of events make one response. */
const BODY_BYTES = 256 * 1024;

export function byRevision(events: readonly SharedEvent[]): readonly RevisionEvents[] {
  const revisions: { revision: number; events: SharedEvent[]; credit: number }[] = [];
  for (const event of events) {
    let last = revisions.at(-1);
    if (last?.revision !== event.revision) {
      last = { revision: event.revision, events: [], credit: 0 };
      revisions.push(last);
    }
    last.events.push(event);
    last.credit += event.credit;
  }
  return revisions;
}

/** The responses that tell them. The last says that everything up to `through` is told. */
export function bodiesOf(
  revisions: readonly RevisionEvents[],
  through: number,
  fragments: boolean,
): readonly EventBody[] {
  const bodies: EventBody[] = [];
  let events: SharedEvent[] = [];
  let bytes = 0;
  const close = (told: number) => {
    bodies.push(new EventBody(events, told));
    events = [];
    bytes = 0;
  };
  for (const [i, one] of revisions.entries()) {
    const before = revisions[i - 1]?.revision;
    if (before !== undefined && events.length > 0 && bytes + one.credit > BODY_BYTES) close(before);
    for (const event of one.events) {
      // Of a fragment that is not the last, only the revision before has been told.
      if (fragments && events.length > 0 && bytes + event.credit > BODY_BYTES) close(one.revision - 1);
      events.push(event);
      bytes += event.credit;
    }
  }
  close(through);
  return bodies;
}
