import type { Finding } from "../history/checkers/facts.ts";
import { assertPromised } from "../history/replay/assert-promised.ts";
import type { StoreHistory } from "../observed/store-history.ts";
import { placesOf } from "./lock-records.ts";

/** Who leads, as somebody was told. */
export interface LeaderTold {
  /** Undefined: nobody. */
  readonly entry: { readonly key: string; readonly value: string; readonly token: number } | undefined;
  /** At this revision of the store. */
  readonly revision: number;
  readonly toldAt: number;
}

/** One question who leads, or one look at all who do from then on. */
export interface LeadersTold {
  readonly client: string;
  readonly queue: string;
  readonly calledAt: number;
  /** The latest revision that anybody had been told of when it was called. */
  readonly known: number;
  readonly told: LeaderTold[];
}

/** What those who asked who leads were told. */
export class LeaderRecords {
  readonly #asked: LeadersTold[] = [];

  add(asked: LeadersTold): void {
    this.#asked.push(asked);
  }

  get told(): number {
    return this.#asked.reduce((sum, { told }) => sum + told.length, 0);
  }

  /** Throws a `BrokenHistory` where somebody was told of another than who led, of the past, or not of each in turn. */
  check(history: StoreHistory): void {
    assertPromised(this.#asked.flatMap((asked) => wrongAnswers(history, asked)));
  }
}

function wrongAnswers(history: StoreHistory, asked: LeadersTold): Finding[] {
  const { queue, told, known } = asked;
  return told.flatMap((each, position): Finding[] => {
    const { revision } = each;
    const before = told[position - 1];
    const least = before === undefined ? known : before.revision + 1;
    if (revision < least) return [found(asked, each, `is of revision ${revision}, and ${least} was known`)];
    const leader = textOf(leaderAt(history, queue, revision));
    if (textOf(each.entry) !== leader)
      return [found(asked, each, `tells of ${textOf(each.entry)}, and it was ${leader}`)];
    const missed = before === undefined ? undefined : missedBetween(history, queue, before, each);
    return missed === undefined ? [] : [found(asked, each, `comes without that of revision ${missed}`)];
  });
}

function leaderAt(history: StoreHistory, queue: string, revision: number): LeaderTold["entry"] {
  const [first] = placesOf(history, queue)
    .filter(({ token, gone }) => token <= revision && (gone === undefined || gone.revision > revision))
    .toSorted((a, b) => a.token - b.token);
  const entry = first && history.replay.entryAt(first.key, revision);
  return entry && { key: entry.key, value: entry.value, token: first.token };
}

/** The first revision in between at which somebody else led, or something else was proclaimed; unless that may be compacted. */
function missedBetween(history: StoreHistory, queue: string, before: LeaderTold, next: LeaderTold): number | undefined {
  if (history.at(history.committedBy(next.toldAt)).earliest > before.revision) return undefined;
  const last = textOf(before.entry);
  return history.replay
    .revisionsIn({ from: `${queue}/`, to: `${queue}0` }, before.revision, next.revision - 1)
    .find((revision) => textOf(leaderAt(history, queue, revision)) !== last);
}

function textOf(entry: LeaderTold["entry"]): string {
  return entry === undefined ? "nobody" : `${entry.key} by ${entry.token} with ${entry.value}`;
}

function found({ client, queue, calledAt }: LeadersTold, each: LeaderTold, what: string): Finding {
  const call = { kind: "leader", queue };
  const operations = [{ client, calledAt, answeredAt: each.toldAt, call, answer: each.entry }];
  return { promise: "election: who leads is told", message: `what is told of ${queue} ${what}`, operations };
}
