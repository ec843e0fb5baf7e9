import type { Finding } from "../checkers/facts.ts";
import { agreeOnLease, type StoreEntry } from "../models/store-operation.ts";
import type { StoreReplay } from "./store-replay.ts";
import type { WatchAsked, WatchedChange, WatchRecord, WatchTold } from "./watch-record.ts";

/**
 * What a watch promises (as etcd's robustness tests have it): events are in the order of their revisions, told once, those
 * of one revision together, none left out from the first revision on to the last one told, whatever broke on the way, and
 * none but what was asked for; a mark of progress is never ahead of events; what a key was before, and what it has become,
 * is true, and nothing is told that has not happened yet. COMPACTED ends it only where what comes next is compacted.
 */
export function checkWatches(replay: StoreReplay, watches: readonly WatchRecord[]): Finding[] {
  return watches.flatMap((watch) => wrongOf(replay, watch));
}

function wrongOf(replay: StoreReplay, watch: WatchRecord): Finding[] {
  const { client, calledAt, endedAt, asked, told } = watch;
  const call = { kind: "watch", ...asked, startedAt: watch.startedAt };
  const finding = (promise: string, message: string, answer?: WatchTold): Finding => {
    return {
      promise: `watch: ${promise}`,
      message,
      operations: [{ client, calledAt, answeredAt: endedAt, call, answer }],
    };
  };
  const begun = wrongBeginning(watch);
  if (begun !== undefined) return [finding("begins where it should", begun)];
  let through = (asked.startRevision ?? (watch.startedAt ?? 0) + 1) - 1;
  for (const batch of told) {
    const wrong = wrongBatch(replay, asked, batch, through);
    if (wrong !== undefined) return [finding(wrong.promise, wrong.message, batch)];
    through = Math.max(through, batch.revision);
  }
  const { compacted } = watch;
  if (compacted === undefined || through + 1 < compacted.mayBeCompacted) return [];
  return [
    finding("resumable", `ended as compacted after ${through}, and ${compacted.mayBeCompacted} was the earliest`),
  ];
}

function wrongBeginning({ asked, startedAt, told }: WatchRecord): string | undefined {
  const { startRevision, minRevision } = asked;
  if (startedAt === undefined) return told.length > 0 ? "tells something before anybody serves it" : undefined;
  if (startRevision !== undefined) {
    return startedAt === startRevision - 1 ? undefined : `began after ${startedAt}, and ${startRevision} was asked for`;
  }
  return startedAt < minRevision ? `began after ${startedAt}, and at least ${minRevision} was asked for` : undefined;
}

interface Wrong {
  readonly promise: string;
  readonly message: string;
}

function wrongBatch(replay: StoreReplay, asked: WatchAsked, batch: WatchTold, through: number): Wrong | undefined {
  const { revision, events, latest } = batch;
  const first = events[0];
  if (revision > latest) return { promise: "true", message: `tells of revision ${revision}, before there was one` };
  if (first === undefined && revision <= through) {
    return { promise: "bookmarkable", message: `a mark at ${revision} after ${through} was told` };
  }
  if (first !== undefined && revision <= through) {
    return { promise: "ordered and unique", message: `tells of revision ${revision} after ${through} was told` };
  }
  const stranger = events.find((event) => event.revision !== revision);
  if (stranger !== undefined) {
    return { promise: "atomic", message: `tells of revision ${stranger.revision} together with ${revision}` };
  }
  const missed = replay.revisionsIn(asked, through, first === undefined ? revision : revision - 1);
  const left = missed.find((each) => changesAt(replay, asked, each).length > 0);
  if (left !== undefined) {
    const promise = first === undefined ? "bookmarkable" : "reliable";
    return { promise, message: `leaves out revision ${left}, on the way from ${through} to ${revision}` };
  }
  return first === undefined ? undefined : wrongEvents(replay, asked, batch);
}

function wrongEvents(replay: StoreReplay, asked: WatchAsked, batch: WatchTold): Wrong | undefined {
  const { revision, events } = batch;
  const expected = changesAt(replay, asked, revision);
  const strange = events.find(({ key }) => !expected.some((change) => change.key === key));
  if (strange !== undefined) {
    return {
      promise: "filter",
      message: `tells of ${strange.key} at ${revision}, which was not asked for or is not so`,
    };
  }
  if (events.length !== expected.length) {
    return {
      promise: "atomic",
      message: `tells ${events.length} of ${expected.length} changes at revision ${revision}`,
    };
  }
  for (const event of events) {
    const change = expected.find(({ key }) => key === event.key);
    if (!isSame(event.entry, change?.entry)) {
      return { promise: "true", message: `${event.key} at ${revision} was not written like this` };
    }
    const wrong = wrongPrevious(replay, asked, event, batch);
    if (wrong !== undefined) return { promise: "previous", message: wrong };
  }
  return undefined;
}

function wrongPrevious(
  replay: StoreReplay,
  { previous: isAsked }: WatchAsked,
  { key, revision, previous }: WatchedChange,
  { mayBeCompacted }: WatchTold,
): string | undefined {
  const before = isAsked ? replay.entryAt(key, revision - 1) : undefined;
  if (isSame(previous, before)) return undefined;
  // What it was may be compacted while the change itself is not.
  if (previous === undefined && revision - 1 < mayBeCompacted) return undefined;
  return `${key} was not that before revision ${revision}`;
}

/** Of the keys and kinds of change that the watch is for. */
function changesAt(replay: StoreReplay, { events, ...range }: WatchAsked, revision: number) {
  return replay.changesAt(range, revision).filter(({ entry }) => {
    return events === undefined || (events === "put") === (entry !== undefined);
  });
}

function isSame(one: StoreEntry | undefined, other: StoreEntry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.key === other.key &&
    one.value === other.value &&
    one.version === other.version &&
    one.modRevision === other.modRevision &&
    one.createRevision === other.createRevision &&
    agreeOnLease(one, other)
  );
}
