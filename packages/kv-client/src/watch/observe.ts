import { RaftKvError } from "../error.ts";
import type { KeyValue } from "../key-value.ts";
import type { ReadNeeds } from "../read-needs.ts";
import type { Page, PageBounds } from "../read-operation.ts";
import type { Watch } from "./watch.ts";
import type { WatchEvent } from "./watch-event.ts";
import { keyRange, type WatchOptions, type WatchTarget } from "./watch-options.ts";

/** What follows the present entries cannot have a start of its own, and marks of progress are for batches. */
export type ObserveOptions = Pick<WatchOptions, "previous" | "events" | "bufferBytes" | "signal">;

/** First each key that is there, then that these were all, then each change since, in order. */
export type Observed =
  | { readonly kind: "present"; readonly entry: KeyValue }
  | {
      readonly kind: "listed";
      /** The store's revision that the present entries are from. */
      readonly revision: number;
    }
  | WatchEvent;

const pageSize = 500;

/** The keys that are there at one revision, and what changes after it. */
export async function* observed(
  target: WatchTarget,
  needs: ReadNeeds,
  fetchPage: (bounds: PageBounds, needs: ReadNeeds) => Promise<Page>,
  watchFrom: (startRevision: number) => Watch,
): AsyncGenerator<Observed, void, undefined> {
  const { from, to } = keyRange(target);
  let next = from;
  let atRevision = 0;
  let pageNeeds = needs;
  do {
    const page = await fetchPage({ from: next, to, limit: pageSize, keysOnly: false, atRevision }, pageNeeds);
    atRevision = page.revision;
    if (atRevision === 0) throw noHistory();
    for (const entry of page.entries) yield { kind: "present", entry };
    next = page.next;
    // Whichever node has come to that revision shows the same at it.
    pageNeeds = { consistency: "serializable", minRevision: atRevision, maxStalenessMs: undefined };
  } while (next.length > 0);
  // Made only now, so that nobody who leaves early leaves a watch behind.
  const watch = watchFrom(atRevision + 1);
  try {
    yield { kind: "listed", revision: atRevision };
    yield* watch;
  } finally {
    watch.close();
  }
}

function noHistory(): RaftKvError {
  const message =
    "observe: the cluster keeps no history yet, as some of its nodes run a version without: upgrade them all";
  return new RaftKvError("NO_HISTORY", message);
}
