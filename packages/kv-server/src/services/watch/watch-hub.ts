import { ErrorCode } from "@raftkv/proto/kv";
import type { KvLimits } from "../../limits.ts";
import type { KvStateMachine } from "../../state/kv-state-machine.ts";
import { failureOf } from "../error-mapping.ts";
import type { Failure } from "../kv-failure.ts";
import { CatchUp } from "./catch-up.ts";
import type { Interest } from "./interest.ts";
import { LiveFeed } from "./live-feed.ts";
import { Watch, type WatchOutlet } from "./watch.ts";
import { WatchGroups } from "./watch-groups.ts";

/** One stream's watches. */
export interface HubOutlet extends WatchOutlet {
  readonly watches: Iterable<Watch>;
  /** The watch has ended, and why. */
  canceled(watch: Watch, failure: Failure): void;
}

export interface WatchHubOptions {
  readonly state: KvStateMachine;
  readonly limits: KvLimits;
  readonly endOfTurn: (callback: () => void) => void;
}

export interface WatchStart {
  readonly id: bigint;
  readonly interest: Interest;
  /** The first revision to tell of. Undefined: the one after the present. */
  readonly startRevision: number | undefined;
  readonly credit: number;
  readonly wantsProgress: boolean;
}

/** All watches of a node: told as changes are applied here, or out of history. Nothing that is written waits for any. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #groups = new WatchGroups();
  readonly #feed: LiveFeed;
  readonly #catchUp: CatchUp;
  readonly #outlets = new Map<Watch, HubOutlet>();
  /** Watches of these are behind until there is room. */
  readonly #blocked = new Set<HubOutlet>();
  /** What has to wait for a later revision of the state. */
  readonly #waiting = new Map<() => void, number>();
  #unsubscribe: (() => void) | undefined;
  #bytes = 0;

  constructor(options: WatchHubOptions) {
    const { state, endOfTurn } = options;
    this.#options = options;
    this.#feed = new LiveFeed({
      state,
      groups: this.#groups,
      endOfTurn,
      fallBehind: (watch) => this.#fallBehind(watch),
      moved: () => this.#moved(),
    });
    this.#catchUp = new CatchUp({
      state,
      groups: this.#groups,
      endOfTurn,
      synced: (watch) => this.#syncIfThere(watch),
      held: (watch) => this.#hold(watch),
      compacted: (watch, compactRevision) => this.#cancel(watch, compactedFailure(watch.told + 1, compactRevision)),
      failed: (watch, error) => this.#cancel(watch, failureOf(error, undefined, false)),
    });
  }

  /** With those that wait for a revision. */
  get size(): number {
    return this.#outlets.size + this.#waiting.size;
  }

  /** Everything up to here has been told to synced watches. */
  get told(): number {
    return this.#feed.done;
  }

  /** There is room for bytes of events that wait to be sent. */
  get hasRoom(): boolean {
    return this.#bytes < this.#options.limits.maxWatchBytes;
  }

  /** The watch goes on from its start until it is removed. */
  add({ id, interest, startRevision, credit, wantsProgress }: WatchStart, outlet: HubOutlet): Watch {
    this.#subscribe();
    const { state } = this.#options;
    const told = startRevision === undefined ? state.revision() : startRevision - 1;
    const watch = new Watch(id, this.#groups.join(interest), outlet, { told, credit, wantsProgress });
    this.#outlets.set(watch, outlet);
    this.resume(watch);
    return watch;
  }

  remove(watch: Watch): void {
    if (!this.#outlets.delete(watch)) return;
    watch.state = "ended";
    this.#catchUp.remove(watch);
    watch.group.synced.delete(watch);
    this.#groups.leave(watch.group);
    this.#unsubscribeIfIdle();
  }

  /** The watch may be told more than before. */
  resume(watch: Watch): void {
    if (watch.state !== "behind" || this.#syncIfThere(watch)) return;
    if (watch.mayTell) this.#catchUp.add(watch);
    else this.#hold(watch);
  }

  /** Calls back once the state has come to the revision; returns what ends the wait. */
  whenAt(revision: number, callback: () => void): () => void {
    this.#subscribe();
    this.#waiting.set(callback, revision);
    return () => {
      this.#waiting.delete(callback);
      this.#unsubscribeIfIdle();
    };
  }

  /** So many more bytes of that stream wait to be sent; below 0: so many have been. */
  take(bytes: number, outlet: HubOutlet): void {
    const hadRoom = this.hasRoom;
    this.#bytes += bytes;
    if (bytes >= 0) return;
    if (this.#blocked.has(outlet) && outlet.hasRoom) this.#unblock(outlet);
    if (hadRoom || !this.hasRoom) return;
    for (const blocked of [...this.#blocked]) if (blocked.hasRoom) this.#unblock(blocked);
  }

  /** The stream is no more. */
  forget(outlet: HubOutlet): void {
    for (const watch of outlet.watches) this.remove(watch);
    this.#blocked.delete(outlet);
  }

  close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** Not before there is a watch: nodes without any pay nothing. */
  #subscribe(): void {
    if (this.#unsubscribe !== undefined) return;
    const { state } = this.#options;
    this.#feed.startAfter(state.revision());
    this.#unsubscribe = state.onChanges(this.#feed);
  }

  #unsubscribeIfIdle(): void {
    if (this.#outlets.size === 0 && this.#waiting.size === 0) this.close();
  }

  #unblock(outlet: HubOutlet): void {
    this.#blocked.delete(outlet);
    for (const watch of outlet.watches) this.resume(watch);
  }

  #fallBehind(watch: Watch): void {
    watch.state = "behind";
    watch.group.synced.delete(watch);
    if (watch.mayTell) this.#catchUp.add(watch);
    else this.#hold(watch);
  }

  #syncIfThere(watch: Watch): boolean {
    // What is told in part is told to its end out of history: the feed would begin it anew.
    if (watch.told < this.#feed.begun || watch.next.sub > 0) return false;
    watch.state = "synced";
    this.#catchUp.remove(watch);
    watch.group.synced.add(watch);
    return true;
  }

  /** Until credit or room comes. */
  #hold(watch: Watch): void {
    const outlet = this.#outlets.get(watch);
    if (outlet !== undefined && !outlet.hasRoom) this.#blocked.add(outlet);
  }

  #cancel(watch: Watch, failure: Failure): void {
    const outlet = this.#outlets.get(watch);
    this.remove(watch);
    outlet?.canceled(watch, failure);
  }

  #moved(): void {
    const revision = this.#options.state.revision();
    for (const [callback, wanted] of this.#waiting) {
      if (wanted > revision) continue;
      this.#waiting.delete(callback);
      callback();
    }
  }
}

export function compactedFailure(revision: number, compactRevision: number): Failure {
  return {
    code: ErrorCode.COMPACTED,
    message:
      `what was written from revision ${revision} on is compacted in part: the earliest revision to watch from is ` +
      `${compactRevision}; read the present state, and watch from the revision after that`,
    compactRevision,
  };
}
