import { type ChangePosition, isBefore } from "../../state/change-position.ts";
import type { ChangesLimits, KeyChange } from "../../state/changes-read.ts";
import type { KvStateMachine } from "../../state/kv-state-machine.ts";
import { SharedEvent } from "./event-body.ts";
import { wants } from "./interest.ts";
import { ToldEvents } from "./told-events.ts";
import type { Watch } from "./watch.ts";
import type { WatchGroup, WatchGroups } from "./watch-groups.ts";

/** Read at a time: bounds what is in memory, and how long a merge has to wait. */
const CHUNK: ChangesLimits = { changes: 1_000, bytes: 1024 * 1024 };

export interface CatchUpOptions {
  readonly state: Pick<KvStateMachine, "readChanges" | "revision">;
  readonly groups: WatchGroups;
  readonly endOfTurn: (callback: () => void) => void;
  /** Whether a watch that has been told everything up to there is synced now, or has to go on. */
  readonly synced: (watch: Watch) => boolean;
  /** It may not be told more just now. */
  readonly held: (watch: Watch) => void;
  /** What it has not been told is compacted. */
  readonly compacted: (watch: Watch, compactRevision: number) => void;
  readonly failed: (watch: Watch, error: unknown) => void;
}

/**
 * Reads history for the watches that are behind. What one of them needs next is read, and told to all of them that have come
 * as far; then it is the next one's turn. So each comes on, however far behind another is, and many that were left behind
 * together read once.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  /** In turn. */
  readonly #queue = new Set<Watch>();
  #running = false;

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  add(watch: Watch): void {
    this.#queue.add(watch);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  remove(watch: Watch): void {
    this.#queue.delete(watch);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    // Watches that fall behind together read together, and never from within applying.
    await this.#nextTurn();
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined) break;
      if (!first.mayTell) this.#hold(first);
      else if (!this.#leaveIfSynced(first)) {
        await this.#readFor(first);
        await this.#nextTurn();
      }
    }
    this.#running = false;
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#options.endOfTurn(resolve));
  }

  async #readFor(first: Watch): Promise<void> {
    const { state, groups, compacted, failed } = this.#options;
    const from = first.next;
    // Those that come later may want what is not read for these.
    const waiting = [...this.#queue];
    const wantsPrevious = (id: string) => {
      let wanted = false;
      groups.concernedBy(id, ({ interest }) => {
        wanted ||= interest.withPrevious;
      });
      return wanted;
    };
    try {
      const answer = await state.readChanges({ from, limits: CHUNK, wantsPrevious });
      const present = waiting.filter((watch) => this.#queue.has(watch));
      if (answer.kind === "changes") {
        this.#tell(answer.changes, from, answer.next, present);
        return;
      }
      for (const watch of present) {
        if (watch === first || watch.told + 1 < answer.compactRevision)
          this.#drop(watch, () => compacted(watch, answer.compactRevision));
      }
    } catch (error) {
      this.#drop(first, () => failed(first, error));
    }
  }

  #tell(changes: readonly KeyChange[], from: ChangePosition, next: ChangePosition, waiting: readonly Watch[]): void {
    const routed = this.#route(changes, next);
    for (const watch of waiting) {
      if (isBefore(watch.next, from) || isBefore(next, watch.next) || !this.#queue.has(watch)) continue;
      const events = routed.get(watch.group);
      const isTold = events === undefined || watch.tell(events);
      if (!isTold) this.#hold(watch);
      else {
        watch.passTo(next);
        // To the end: the others come first now.
        if (!this.#leaveIfSynced(watch) && this.#queue.delete(watch)) this.#queue.add(watch);
      }
    }
  }

  #route(changes: readonly KeyChange[], next: ChangePosition): ReadonlyMap<WatchGroup, ToldEvents> {
    const routed = new Map<WatchGroup, SharedEvent[]>();
    for (const change of changes) {
      let plain: SharedEvent | undefined;
      let withPrevious: SharedEvent | undefined;
      this.#options.groups.concernedBy(change.id, (group) => {
        const { interest } = group;
        if (!wants(interest, change.entry === undefined)) return;
        if (interest.withPrevious) withPrevious ??= new SharedEvent(change);
        else plain ??= new SharedEvent({ ...change, previous: undefined });
        const event = interest.withPrevious ? withPrevious : plain;
        const events = routed.get(group);
        if (event === undefined) return;
        if (events === undefined) routed.set(group, [event]);
        else events.push(event);
      });
    }
    return new Map([...routed].map(([group, events]) => [group, new ToldEvents(events, next)]));
  }

  #leaveIfSynced(watch: Watch): boolean {
    if (!this.#options.synced(watch)) return false;
    this.#queue.delete(watch);
    return true;
  }

  #hold(watch: Watch): void {
    this.#drop(watch, () => this.#options.held(watch));
  }

  #drop(watch: Watch, tell: () => void): void {
    if (this.#queue.delete(watch)) tell();
  }
}
