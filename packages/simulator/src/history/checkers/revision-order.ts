import type { Facts, Finding } from "./facts.ts";
import { Floor } from "./floor.ts";

const promise = "revision order";

/**
 * Each write has a revision of its own; one that begins after another operation was answered has a higher revision than
 * that one wrote at or was shown; and a read that begins then is shown nothing older. Reads must be linearizable ones.
 */
export function checkRevisionOrder(history: readonly Facts[]): Finding[] {
  return [...doubled(history), ...outOfOrder(history)];
}

function doubled(history: readonly Facts[]): Finding[] {
  const writers = new Map<number, Facts>();
  const findings: Finding[] = [];
  for (const facts of history) {
    const { wroteAt, operation } = facts;
    if (wroteAt === undefined) continue;
    const other = writers.get(wroteAt);
    if (other === undefined) writers.set(wroteAt, facts);
    else
      findings.push({
        promise,
        message: `two writes at revision ${wroteAt}`,
        operations: [other.operation, operation],
      });
  }
  return findings;
}

function outOfOrder(history: readonly Facts[]): Finding[] {
  const findings: Finding[] = [];
  const floor = new Floor();
  // A call at the time of an answer overlaps it.
  const events = history.flatMap((facts) => {
    const { calledAt, answeredAt } = facts.operation;
    return answeredAt === undefined
      ? []
      : [
          { facts, time: calledAt, isAnswer: false },
          { facts, time: answeredAt, isAnswer: true },
        ];
  });
  for (const { facts, isAnswer } of events.sort((a, b) => a.time - b.time || Number(a.isAnswer) - Number(b.isAnswer))) {
    if (isAnswer) {
      floor.raise(facts);
      continue;
    }
    const below = floor.below(facts);
    if (below !== undefined)
      findings.push({ promise, message: below.message, operations: [below.by, facts.operation] });
  }
  return findings;
}
