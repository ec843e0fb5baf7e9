import { startOf } from "../../state/change-position.ts";
import type { KeyChange } from "../../state/changes-read.ts";
import { keyEntry } from "../../state/key-record.ts";
import type { ChangeListener, KvStateMachine } from "../../state/kv-state-machine.ts";
import type { Change } from "../../state/mem-table.ts";
import { SharedEvent } from "./event-body.ts";
import { wants } from "./interest.ts";
import { ToldEvents } from "./told-events.ts";
import type { Watch, WatchOutlet } from "./watch.ts";
import type { WatchGroup, WatchGroups } from "./watch-groups.ts";

/** How much is told in one turn of the event loop, of what costs as much as one watch: applying and answering must not wait for all. */
const TOLD_IN_ONE_TURN = 4_000;
/** What the first watch of a stream costs more than others, as something is written there. */
const STREAM_COST = 20;
/**
 * While so many bytes of changes wait to be told, memory is not to hold more: history tells them then, a piece at a time. The
 * same goes for what keys were before.
 */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

export interface LiveFeedOptions {
  readonly state: Pick<KvStateMachine, "revision" | "previousOf">;
  readonly groups: WatchGroups;
  readonly endOfTurn: (callback: () => void) => void;
  /** The watch cannot be told any more as changes are applied: its `told` says where history has to go on. */
  readonly fallBehind: (watch: Watch) => void;
  /** The state has come to a later revision. */
  readonly moved: () => void;
}

/**
 * Tells synced watches of changes once they are applied: a turn later, so that no write waits for it, and what came
 * together goes together. Of a synced watch everything up to `done` has been told.
 */
export class LiveFeed implements ChangeListener {
  readonly #options: LiveFeedOptions;
  #queue: (readonly Change[])[] = [];
  #queuedBytes = 0;
  #queuedThrough: number;
  #scheduled = false;
  /** Told a part of it each turn, up to `begun`. */
  #telling: Iterator<void> | undefined;
  #begun: number;
  #done: number;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    const revision = options.state.revision();
    this.#queuedThrough = revision;
    this.#begun = revision;
    this.#done = revision;
  }

  /** It has heard nothing for a while, and there was no synced watch: it hears of what follows this revision. */
  startAfter(revision: number): void {
    this.#leaveToHistory(revision);
  }

  /** A watch that has been told everything up to here misses nothing if it is synced now. */
  get begun(): number {
    return this.#begun;
  }

  get done(): number {
    return this.#done;
  }

  changed(changes: readonly Change[], revision: number): void {
    this.#queuedThrough = revision;
    this.#queue.push(changes);
    for (const { key, value } of changes) this.#queuedBytes += key.length + value.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#leaveToHistory(revision);
    this.#schedule();
  }

  replaced(revision: number): void {
    this.#leaveToHistory(revision);
    this.#schedule();
  }

  /** Every synced watch falls behind, with what it has been told for sure. */
  #leaveToHistory(revision: number): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#queuedThrough = revision;
    this.#telling = undefined;
    this.#begun = revision;
    for (const group of this.#options.groups.all()) this.#allFallBehind(group);
    this.#done = revision;
  }

  #allFallBehind({ synced }: WatchGroup): void {
    for (const watch of [...synced]) {
      watch.passTo(startOf(this.#done + 1));
      this.#options.fallBehind(watch);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.endOfTurn(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#telling ??= this.#begin();
    if (this.#telling.next().done !== true) {
      this.#schedule();
      return;
    }
    this.#telling = undefined;
    this.#done = this.#begun;
    this.#options.moved();
    if (this.#queue.length > 0) this.#schedule();
  }

  #begin(): Iterator<void> {
    const changes = this.#queue.flat();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#begun = this.#queuedThrough;
    return this.#tell(this.#route(changes), this.#begun);
  }

  /** What each group is to be told; undefined: only history knows. */
  #route(changes: readonly Change[]): ReadonlyMap<WatchGroup, readonly SharedEvent[] | undefined> {
    const routed = new Map<WatchGroup, SharedEvent[] | undefined>();
    let previousBytes = 0;
    for (const change of changes) {
      let plain: SharedEvent | undefined;
      let withPrevious: SharedEvent | "inEngine" | undefined;
      this.#options.groups.concernedBy(change.id, (group) => {
        const { interest, synced } = group;
        if (synced.size === 0 || !wants(interest, change.record === undefined)) return;
        if (interest.withPrevious) {
          if (withPrevious === undefined) previousBytes += change.superseded?.valueLength ?? 0;
          withPrevious ??= previousBytes > MAX_QUEUED_BYTES ? "inEngine" : this.#eventWithPrevious(change);
        } else plain ??= new SharedEvent(keyChange(change, undefined));
        const event = interest.withPrevious ? withPrevious : plain;
        const events = routed.has(group) ? routed.get(group) : [];
        if (event instanceof SharedEvent) events?.push(event);
        routed.set(group, event instanceof SharedEvent ? events : undefined);
      });
    }
    return routed;
  }

  #eventWithPrevious(change: Change): SharedEvent | "inEngine" {
    const previous = this.#options.state.previousOf(change);
    if (previous === "inEngine") return previous;
    return new SharedEvent(keyChange(change, previous === "none" ? undefined : previous));
  }

  *#tell(
    routed: ReadonlyMap<WatchGroup, readonly SharedEvent[] | undefined>,
    through: number,
  ): Generator<void, void, undefined> {
    const streams = new Set<WatchOutlet>();
    let cost = 0;
    for (const [group, events] of routed) {
      if (events === undefined) {
        this.#allFallBehind(group);
        continue;
      }
      const toldEvents = new ToldEvents(events, startOf(through + 1));
      for (const watch of group.synced) {
        if (watch.told >= through) continue;
        watch.passTo(startOf(this.#done + 1));
        if (!watch.tell(toldEvents)) this.#options.fallBehind(watch);
        cost += streams.has(watch.outlet) ? 1 : STREAM_COST;
        streams.add(watch.outlet);
        if (cost < TOLD_IN_ONE_TURN) continue;
        yield;
        streams.clear();
        cost = 0;
      }
    }
  }
}

function keyChange({ id, key, revision, sub, record, value }: Change, previous: KeyChange["previous"]): KeyChange {
  return { id, key, revision, sub, entry: record === undefined ? undefined : keyEntry(key, record, value), previous };
}
