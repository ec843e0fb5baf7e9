import { type RaftKv, RaftKvError, type Watch, type WatchBatch } from "@raftkv/kv-client";
import type { Index } from "@raftkv/raft-core";
import { assertPromised } from "../history/replay/assert-promised.ts";
import { checkWatches } from "../history/replay/check-watches.ts";
import type { WatchAsked, WatchedChange, WatchRecord } from "../history/replay/watch-record.ts";
import type { StoreHistory } from "../observed/store-history.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import type { Client } from "./client.ts";
import { entryOf } from "./entry-of.ts";
import type { KeptHistory } from "./kept-history.ts";

interface WatchersOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly acknowledged: Acknowledged;
  /** Up to here, somebody calls the log committed. */
  readonly lastCommitted: () => Index;
  /** A key that something has happened to. */
  readonly key: (chance: Chance) => string;
  readonly kept: KeptHistory;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
}

interface WatcherRole {
  readonly name: string;
  readonly chance: Chance;
  readonly kv: () => RaftKv;
  /** With which it has the store keep its history, without which there are no watches. */
  readonly client: Client;
  /** The mean time for which one of its watches stays open. */
  readonly watchesMs: number;
}

interface WatchSettings {
  readonly hasProgress: boolean;
  readonly bufferBytes: number;
  /** Drawn once the watch is open. */
  readonly slownessMs: () => number;
}

/** One watch so far. */
interface Kept extends Omit<WatchRecord, "told" | "compacted" | "endedAt" | "startedAt"> {
  readonly watch: Watch;
  readonly told: { readonly batch: WatchBatch; readonly lastCommitted: Index }[];
  /** Pauses so long after each batch. */
  readonly slownessMs: number;
  readonly hasProgress: boolean;
  startedAt: number | undefined;
  endedAt: number | undefined;
  compactedBy: Index | undefined;
}

/** Clients that have changes told to them, of all kinds of keys, from now or from earlier, some of them slowly. */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watches: Kept[] = [];
  #isCalm = false;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  /** Batches and marks that were told. */
  get told(): number {
    return this.#watches.reduce((sum, { told }) => sum + told.length, 0);
  }

  /** Opens watches, one after the other, until the work has ended; the last one stays open. */
  async loop({ name, chance, kv, client, watchesMs }: WatcherRole): Promise<void> {
    const { scheduler, kept: history, ended } = this.#options;
    await history.begun(client, chance, watchesMs / 5);
    while (!ended()) {
      await scheduler.sleep(chance.exponential(watchesMs / 5));
      if (ended()) return;
      const kept = this.#open(name, kv(), this.#ask(chance), {
        hasProgress: chance.happens(0.7),
        bufferBytes: chance.happens(0.5) ? chance.integer(1, 1_000) : 100_000,
        slownessMs: () => (chance.happens(0.3) ? chance.spread(1, 300) : 0),
      });
      if (kept === undefined) continue;
      void this.#listen(kept);
      await scheduler.sleep(chance.exponential(watchesMs));
      if (!ended()) kept.watch.close();
    }
  }

  /** Nobody is slow any more. Those who are told of progress, and have not been told of all up to `revision`. */
  lacking(revision: number): readonly string[] {
    this.#isCalm = true;
    const open = this.#watches.filter(({ endedAt, hasProgress }) => endedAt === undefined && hasProgress);
    return open.flatMap((kept) => {
      const { client, asked } = kept;
      if (asked.minRevision > revision || throughOf(kept) >= revision) return [];
      return [`${client} from ${asked.from} to ${asked.to ?? "the last"} is at ${throughOf(kept)} of ${revision}`];
    });
  }

  /** Ends what is still open. */
  close(): void {
    for (const { watch, endedAt } of this.#watches) if (endedAt === undefined) watch.close();
  }

  resume(): void {
    this.#isCalm = false;
  }

  /** Throws a `BrokenHistory` where a watch was not told what it should have been. */
  check(history: StoreHistory): void {
    const { nowMs } = this.#options.scheduler;
    const records = this.#watches.map((kept) => recordOf(kept, history, nowMs));
    assertPromised(checkWatches(history.replay, records));
  }

  /** One of everything, from that revision on. How far it has come is asked of what is returned; 0: nobody serves it yet. */
  watchEverything(client: string, kv: RaftKv, startRevision: number): { readonly through: number } {
    const asked = { from: "", to: undefined, startRevision, minRevision: 0, events: undefined, previous: false };
    const settings = { hasProgress: true, bufferBytes: 100_000, slownessMs: () => 0 };
    const kept = this.#open(client, kv, asked, settings);
    if (kept === undefined) throw new Error("the client is closed");
    void this.#listen(kept);
    return {
      get through() {
        return kept.startedAt === undefined ? 0 : throughOf(kept);
      },
    };
  }

  #open(client: string, kv: RaftKv, asked: WatchAsked, settings: WatchSettings): Kept | undefined {
    const { scheduler, trace } = this.#options;
    const { hasProgress, bufferBytes, slownessMs } = settings;
    trace.add(`${client} watches ${JSON.stringify(asked)}`);
    try {
      const { from, to, startRevision, events, ...rest } = asked;
      const watch = kv.watch(
        { from, ...(to !== undefined && { to }) },
        {
          ...rest,
          ...(startRevision !== undefined && { startRevision }),
          ...(events !== undefined && { events }),
          progress: hasProgress,
          bufferBytes,
        },
      );
      const kept: Kept = {
        client,
        calledAt: scheduler.nowMs,
        asked,
        watch,
        told: [],
        slownessMs: slownessMs(),
        hasProgress,
        startedAt: undefined,
        endedAt: undefined,
        compactedBy: undefined,
      };
      this.#watches.push(kept);
      return kept;
    } catch (error) {
      if (!(error instanceof RaftKvError) || error.code !== "CLOSED") throw error;
      return undefined;
    }
  }

  async #listen(kept: Kept): Promise<void> {
    const { scheduler, trace, lastCommitted, breaks } = this.#options;
    const { watch, client } = kept;
    watch.started({ timeoutMs: 2 ** 31 - 1 }).then(
      (revision) => {
        kept.startedAt = revision;
      },
      () => undefined,
    );
    try {
      for await (const batch of watch.batches()) {
        kept.told.push({ batch, lastCommitted: lastCommitted() });
        if (kept.slownessMs > 0 && !this.#isCalm) await scheduler.sleep(kept.slownessMs);
      }
    } catch (error) {
      const code = error instanceof RaftKvError ? error.code : undefined;
      trace.add(`${client}: the watch ends: ${error instanceof Error ? error.message : String(error)}`);
      if (code === "COMPACTED") kept.compactedBy = lastCommitted();
      else if (code !== "CLOSED") breaks("watches go on", `${client}: ${String(error)}`);
    }
    kept.endedAt = scheduler.nowMs;
  }

  #ask(chance: Chance): WatchAsked {
    const { acknowledged, key } = this.#options;
    const known = acknowledged.latest;
    const past = chance.happens(0.8) ? chance.integer(0, 30) : -chance.integer(1, 10);
    const startRevision = chance.happens(0.5) ? Math.max(1, known - past) : undefined;
    const minRevision = chance.happens(0.3) ? Math.max(1, known - chance.integer(-1, 5)) : 0;
    const events = chance.pick([undefined, undefined, "put", "delete"] as const);
    return { ...this.#range(key(chance), chance), startRevision, minRevision, events, previous: chance.happens(0.5) };
  }

  #range(key: string, chance: Chance): { readonly from: string; readonly to: string | undefined } {
    const prefix = key.slice(0, key.indexOf("/") + 1);
    const draw = chance.next();
    if (draw < 0.3) return { from: key, to: `${key}\0` };
    return draw < 0.6 ? { from: prefix, to: `${prefix}~` } : { from: "", to: undefined };
  }
}

/** Up to here all was told, or was not to be. */
function throughOf({ told, startedAt, asked }: Kept): number {
  return Math.max(told.at(-1)?.batch.revision ?? 0, startedAt ?? 0, (asked.startRevision ?? 1) - 1);
}

function recordOf(
  { told, startedAt, endedAt, compactedBy, client, calledAt, asked }: Kept,
  history: StoreHistory,
  nowMs: number,
): WatchRecord {
  return {
    client,
    calledAt,
    endedAt: endedAt ?? nowMs,
    asked,
    startedAt,
    told: told.map(({ batch, lastCommitted }) => {
      const { revision: latest, earliest: mayBeCompacted } = history.at(lastCommitted);
      return { revision: batch.revision, events: batch.events.map(changeOf), latest, mayBeCompacted };
    }),
    compacted: compactedBy === undefined ? undefined : { mayBeCompacted: history.at(compactedBy).earliestTold },
  };
}

function changeOf({ key, revision, entry, previous }: WatchBatch["events"][number]): WatchedChange {
  return { key, revision, entry: entry && entryOf(entry), previous: previous && entryOf(previous) };
}
