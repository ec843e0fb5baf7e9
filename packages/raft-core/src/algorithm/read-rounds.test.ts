import { expect, it } from "vitest";
import { ReadRounds } from "./read-rounds.ts";

it("a repeated request adds nothing while the first one waits, and another start of its node is another request", () => {
  const rounds = new ReadRounds();
  const read = { from: 2, context: { incarnation: 1, sequence: 1 } };
  rounds.addForwarded(read);
  rounds.addForwarded({ ...read });
  rounds.begin(1, 5);
  rounds.addForwarded({ ...read });
  expect(rounds.hasQueued).toBe(false);
  const again = { from: 2, context: { incarnation: 2, sequence: 1 } };
  rounds.addForwarded(again);
  expect(rounds.complete(1)).toEqual([{ round: 1, index: 5, local: [], forwarded: [read] }]);
  rounds.begin(2, 6);
  expect(rounds.complete(2)).toEqual([{ round: 2, index: 6, local: [], forwarded: [again] }]);
});

it("a read that is given up is not answered, whether its round has begun or not", () => {
  const rounds = new ReadRounds();
  rounds.addLocal(1);
  rounds.addLocal(2);
  rounds.begin(1, 5);
  rounds.addLocal(3);
  rounds.cancel(1);
  rounds.cancel(3);
  expect([rounds.hasQueued, rounds.surrenderLocal()]).toEqual([false, [2]]);
});
