import { KEPT_MARKS } from "../state/mark-ring.ts";
import type { StateMark, StateMarks } from "../state/state-marks.ts";
import { MAX_WANTED_MARKS, type WantedMarks } from "./peer-inspection.ts";

export type Marks = Pick<StateMarks, "at" | "atRevision">;

/** What another member's state was at places that are asked for, as far as it knows. */
export interface OtherMarks {
  readonly marks: readonly StateMark[];
  readonly revisionMarks: readonly StateMark[];
}

/** Where two states part. */
export interface FirstDifference {
  /** They are the same at this mark; undefined: as far back as both know, they differ. */
  readonly good: StateMark | undefined;
  /** They differ from here on. */
  readonly bad: StateMark;
  /** The first revision in the entry of `bad` that was made otherwise. Undefined: it is not known. */
  readonly revision: number | undefined;
  /** All changes to keys in that entry are the same: it is sessions or leases that differ. */
  readonly sameChanges: boolean;
}

interface Parting {
  readonly good: StateMark | undefined;
  readonly bad: StateMark;
}
type Ask = (wanted: WantedMarks) => Promise<OtherMarks>;

/** Entries and revisions are searched alike. */
interface Axis {
  readonly position: (mark: StateMark) => number;
  readonly own: (position: number) => StateMark | undefined;
  readonly ask: (positions: readonly number[]) => Promise<readonly StateMark[]>;
}

/** Each look divides what is left by 64, and there are at most 16,384 of either. */
const MOST_LOOKS = 4;

export function differsFrom(own: StateMark | undefined, other: StateMark): boolean {
  return own !== undefined && (own.hash !== other.hash || own.revision !== other.revision);
}

/**
 * The first entry, and in it the first revision, at which another's state differs. What differs once differs for good, so it is
 * looked for as in a sorted list. `known`: some of the other's marks. Undefined: none of them differs. Where `ask` rejects
 * because the other does not answer, the answer is as good as what was known by then.
 */
export async function firstDifference(
  own: Marks,
  known: readonly StateMark[],
  ask: Ask,
): Promise<FirstDifference | undefined> {
  const entries: Axis = {
    position: ({ index }) => index,
    own: (index) => own.at(index),
    ask: async (indexes) => (await ask({ indexes, revisions: [] })).marks,
  };
  const parting = await narrowed(entries, known);
  if (parting === undefined) return undefined;
  const { good, bad } = parting;
  if (good?.index !== bad.index - 1) return { ...parting, revision: undefined, sameChanges: false };
  const revisions: Axis = {
    position: ({ revision }) => revision,
    own: (revision) => own.atRevision(revision),
    ask: async (wanted) => (await ask({ indexes: [], revisions: wanted })).revisionMarks,
  };
  const last = Math.max(bad.revision, own.at(bad.index)?.revision ?? 0);
  const wanted = between(good.revision, last + 1);
  const heard = wanted.length === 0 ? [] : await revisions.ask(wanted).catch(() => []);
  const found = await narrowed(revisions, heard);
  const before = found?.good?.revision ?? good.revision;
  const revision = found?.bad.revision === before + 1 ? found.bad.revision : undefined;
  const sameChanges = found === undefined && heard.length === wanted.length && last === bad.revision;
  return { ...parting, revision, sameChanges };
}

async function narrowed(axis: Axis, known: readonly StateMark[]): Promise<Parting | undefined> {
  let parting = parted(axis, known);
  for (let looks = 0; looks < MOST_LOOKS && parting !== undefined; looks++) {
    const { good, bad }: Parting = parting;
    const wanted = between(good === undefined ? 0 : axis.position(good), axis.position(bad));
    if (wanted.length === 0) break;
    const heard = await axis.ask(wanted).catch(() => []);
    parting = parted(axis, [...heard, bad, ...(good === undefined ? [] : [good])]);
  }
  return parting;
}

/** `others` are as somebody else has them; so is what is returned. */
function parted({ own, position }: Axis, others: readonly StateMark[]): Parting | undefined {
  let bad: StateMark | undefined;
  for (const mark of others) {
    if (differsFrom(own(position(mark)), mark) && (bad === undefined || position(mark) < position(bad))) bad = mark;
  }
  if (bad === undefined) return undefined;
  const first = position(bad);
  let good: StateMark | undefined;
  for (const mark of others) {
    if (position(mark) >= first || own(position(mark)) === undefined) continue;
    if (good === undefined || position(mark) > position(good)) good = mark;
  }
  return { good, bad };
}

/** Some places between two, exclusive, evenly; not before what anybody keeps marks of. */
function between(low: number, high: number): readonly number[] {
  const from = Math.max(low, high - 1 - KEPT_MARKS);
  const count = Math.min(high - from - 1, MAX_WANTED_MARKS);
  return Array.from({ length: count }, (_, i) => from + Math.ceil(((i + 1) * (high - from - 1)) / count));
}
