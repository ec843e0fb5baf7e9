import type { KvStateMachine } from "../state/kv-state-machine.ts";
import type { StateMark } from "../state/state-marks.ts";
import type { WholeChecks } from "../state/whole-checks.ts";
import { MAX_WANTED_MARKS, type WantedMarks, type WholeMark } from "./peer-inspection.ts";

/** What a node tells other members of its state. */
export interface ToldState {
  /** Some of the last, and those that were asked for and are known, ascending. */
  readonly marks: readonly StateMark[];
  readonly revisionMarks: readonly StateMark[];
  readonly whole: WholeMark | undefined;
}

/** Of what is asked for no more than `MAX_WANTED_MARKS` of each are looked up. */
export function toldState(
  { marks, checks }: Pick<KvStateMachine, "marks"> & { readonly checks: Pick<WholeChecks, "last"> },
  { indexes, revisions }: WantedMarks,
): ToldState {
  const wanted = indexes.slice(0, MAX_WANTED_MARKS).flatMap((index) => marks.at(index) ?? []);
  const byIndex = new Map([...marks.told(), ...wanted].map((mark) => [mark.index, mark]));
  return {
    marks: [...byIndex.values()].toSorted((a, b) => a.index - b.index),
    revisionMarks: revisions.slice(0, MAX_WANTED_MARKS).flatMap((revision) => marks.atRevision(revision) ?? []),
    whole: checks.last,
  };
}
