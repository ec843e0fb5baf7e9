import type { WatchEvent as WireWatchEvent } from "@raftkv/proto/kv";
import { RaftKvError } from "../error.ts";
import { Told } from "./told.ts";
import { creditOf, revisionOf } from "./watch-event.ts";

/** What is held of one revision, which watches tell whole. */
const maxBytes = 256 * 1024 * 1024;

/** The events of a revision of which not all have come. */
export class Fragments {
  #events: WireWatchEvent[] = [];
  #bytes = 0;

  /** What is told whole with these. Throws OPERATION_TOO_LARGE where a revision is larger than what is held of one. */
  add(told: Told): Told {
    if (this.#events.length === 0 && told.isWhole) return told;
    const { through, events } = told;
    const whole: WireWatchEvent[] = [];
    for (const event of [...this.#takeThrough(through), ...events]) {
      if (revisionOf(event) <= through) whole.push(event);
      else this.#hold(event);
    }
    return new Told(whole, through);
  }

  clear(): void {
    this.#events = [];
    this.#bytes = 0;
  }

  #takeThrough(revision: number): readonly WireWatchEvent[] {
    const [first] = this.#events;
    if (first === undefined || revisionOf(first) > revision) return [];
    const taken = this.#events;
    this.clear();
    return taken;
  }

  #hold(event: WireWatchEvent): void {
    this.#events.push(event);
    this.#bytes += creditOf(event);
    if (this.#bytes <= maxBytes) return;
    this.clear();
    throw new RaftKvError(
      "OPERATION_TOO_LARGE",
      `watch: what changed at revision ${revisionOf(event)} takes more than ${maxBytes} bytes, and a client holds no more of ` +
        "one revision: watch fewer keys, or without what they were before",
    );
  }
}
