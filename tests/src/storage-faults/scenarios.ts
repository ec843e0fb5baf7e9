import { type Stage, tested } from "./stage.ts";

export interface Scenario {
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  readonly leader: number;
  run(stage: Stage): Promise<void>;
}

/** More than a node keeps in memory of its log. */
const large = "x".repeat(700);

async function putSome(stage: Stage, name: string, count: number, value?: string): Promise<void> {
  for (let number = 1; number <= count; number++) await stage.put(`${name}${number}`, value);
}

/**
 * Machine 1 is the only voter: what it acknowledges is on its disk or nowhere. It has a learner catch up from its log,
 * then by a snapshot.
 */
export const alone: Scenario = {
  voters: [tested],
  learners: [2],
  leader: tested,
  async run(stage) {
    await stage.start(tested, 2);
    await putSome(stage, "a", 2);
    await stage.together();
    await stage.stop(2);
    await putSome(stage, "b", 4, large);
    await stage.start(2);
    await stage.together();
    await stage.stop(2);
    await putSome(stage, "c", 2);
    await stage.pass(150);
    await stage.compact(tested);
    await stage.start(2);
    await stage.together();
    await stage.stop(tested);
    await stage.start(tested);
    await putSome(stage, "d", 1);
  },
};

/**
 * Machine 1 follows, and is behind again and again: it takes in a snapshot in two pieces, one that is too long first, and
 * the beginning of one that it needs no more.
 */
export const following: Scenario = {
  voters: [tested, 2, 3],
  learners: [],
  leader: 2,
  async run(stage) {
    await stage.start(tested, 2, 3);
    await putSome(stage, "a", 2);
    await stage.together();
    await stage.stop(tested);
    await putSome(stage, "b", 2, large);
    await stage.pass(150);
    await stage.compact(2);
    stage.trouble.push({ kind: "tooLong" }, { kind: "breaksOff", afterPieces: 1 });
    await stage.start(tested);
    await stage.together();
    await stage.stop(tested);
    await putSome(stage, "c", 2, large);
    await stage.pass(150);
    await stage.compact(2);
    stage.trouble.push({ kind: "breaksOff", afterPieces: 1 });
    await stage.start(tested);
    await stage.until("a snapshot to break off", () => stage.trouble.length === 0);
    await stage.stop(2);
    await putSome(stage, "d", 1);
    await stage.start(2);
    await putSome(stage, "e", 1);
  },
};
