import { checkLocks } from "../history/leases/check-locks.ts";
import type { FencedWrite, LockHold, LockPlace } from "../history/leases/lock-record.ts";
import { assertPromised } from "../history/replay/assert-promised.ts";
import type { StoreHistory } from "../observed/store-history.ts";

/** A hold for as long as nothing else is known. */
export interface Holding extends LockHold {
  /** When it asked for the end of it. */
  releasedAt: number | undefined;
}

/** What is kept of what holders of one queue were told. */
interface Told {
  readonly permits: number;
  readonly holds: LockHold[];
  readonly writes: FencedWrite[];
}

/** What everybody who waits in these queues was told, whichever way it waits. */
export class LockRecords {
  readonly #told = new Map<string, Told>();

  /** Somebody was told that it holds. */
  holds(queue: string, permits: number, hold: LockHold): Holding {
    const holding = { ...hold, releasedAt: undefined };
    this.#of(queue, permits).holds.push(holding);
    return holding;
  }

  /** Somebody was answered to what it wrote under a fence. */
  wrote(queue: string, permits: number, write: FencedWrite): void {
    this.#of(queue, permits).writes.push(write);
  }

  /** Throws a `BrokenHistory` where two held at once, somebody was passed over, or a stale holder wrote. */
  check(history: StoreHistory): void {
    const records = [...this.#told].map(([name, told]) => ({ name, places: placesOf(history, name), ...told }));
    assertPromised(checkLocks(records));
  }

  #of(queue: string, permits: number): Told {
    const told = this.#told.get(queue) ?? { permits, holds: [], writes: [] };
    this.#told.set(queue, told);
    return told;
  }
}

/** Every key of the queue, as often as it was created. */
export function placesOf(history: StoreHistory, queue: string): readonly LockPlace[] {
  const { replay } = history;
  const leaseEnds = new Map(
    history.leases.flatMap(({ id, ended }) =>
      ended === undefined ? [] : [[id, history.at(ended.index - 1).revision] as const],
    ),
  );
  return replay.keysIn({ from: `${queue}/`, to: `${queue}0` }).flatMap((key) => {
    const versions = replay.versionsOf(key);
    return versions.flatMap(({ revision, entry }, position): LockPlace[] => {
      if (entry?.createRevision !== revision) return [];
      const end = versions.slice(position).find((version) => version.entry === undefined);
      const moment = end && history.at(history.indexOf(end.revision));
      const gone = moment && {
        from: moment.committedMs,
        at: moment.atMs,
        revision: end.revision,
        withLease: end.revision > (leaseEnds.get(leaseOf(key)) ?? Number.POSITIVE_INFINITY),
      };
      return [{ key, token: revision, gone }];
    });
  });
}

/** Places are named after it. */
export function leaseOf(key: string): number {
  return Number.parseInt(key.split("/").at(-1) ?? "", 16);
}
