import type { Fence } from "@raftkv/kv-client";
import type { LeasedCall, LeasedComparison, LeasedTransaction } from "../history/models/leased-operation.ts";
import type { Chance } from "../scheduler/chance.ts";
import { drawLeaseComparison, drawLeasedPut, type KnownLeases } from "./draw-leases.ts";
import { drawComparison, markKey, transactionKeys } from "./draw-transaction.ts";

/** How deep they are nested at the most. */
const deepest = 3;

/**
 * As `drawTransaction`, with transactions inside, and comparisons of values and of every key in a range. With `leases` puts
 * have some of them, times to live, or what their key has, and leases are compared too.
 */
export function drawRichTransaction(
  chance: Chance,
  mark: string,
  known: number,
  leases?: KnownLeases,
): LeasedTransaction {
  const drawing = { chance, mark, known, leases };
  return {
    kind: "transaction",
    compare: drawComparisons(drawing),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
    then: drawBranch(drawing),
    else: drawBranch(drawing),
  };
}

function drawBranch(drawing: Drawing): readonly LeasedCall[] {
  const { chance, mark } = drawing;
  const begun: LeasedCall[] = [{ kind: "put", key: markKey, value: mark }];
  const deletesRange = chance.happens(0.2);
  if (deletesRange) begun.push({ kind: "delete", key: "t/2", to: "t/5" });
  const names = deletesRange ? ["t/1", "t/5", "t/6"] : transactionKeys;
  return chance.shuffle([...begun, ...drawSteps(drawing, names, deepest)]);
}

/** On one of the keys, as somebody has seen it created; it may be gone, or another one. In a third of the cases. */
export function drawFence(chance: Chance, created: ReadonlyMap<string, number>): Fence | undefined {
  if (!chance.happens(0.3)) return undefined;
  const [name, token] = chance.pick([...created]) ?? [];
  return name === undefined || token === undefined ? undefined : { key: name, token };
}

interface Drawing {
  readonly chance: Chance;
  readonly mark: string;
  readonly known: number;
  readonly leases: KnownLeases | undefined;
}

/** `of`: keys to compare something of before others. */
function drawComparisons(drawing: Drawing, of: readonly string[] = []): readonly LeasedComparison[] {
  const { chance } = drawing;
  const names = (chance.happens(0.6) && of.length > 0 ? of : chance.shuffle(transactionKeys)).slice(
    0,
    chance.integer(0, 2),
  );
  return names.map((name): LeasedComparison => {
    const isValue = chance.happens(0.5);
    const rangeEnd = chance.happens(0.5)
      ? (chance.pick(transactionKeys.filter((key) => key > name)) ?? "t/7")
      : undefined;
    const is = chance.pick(["=", "!=", "<", ">"] as const) ?? "=";
    const compared = drawCompared(drawing, name, isValue ? is : undefined);
    return rangeEnd === undefined ? compared : { ...compared, rangeEnd };
  });
}

/** `is`: how to compare the value. */
function drawCompared(
  { chance, mark, known, leases }: Drawing,
  key: string,
  is: LeasedComparison["is"] | undefined,
): LeasedComparison {
  if (leases !== undefined && chance.happens(0.6)) return drawLeaseComparison(chance, leases, key);
  if (is === undefined) return drawComparison(chance, key, known);
  return { key, target: "value", is, to: nearValue(chance, mark) };
}

/** One that a transaction shortly before has written, perhaps. */
function nearValue(chance: Chance, mark: string): string {
  return `x${Math.max(1, Number(mark.slice(1)) - chance.integer(1, 8))}`;
}

/** On these keys only, each of which is written once at the most, whichever way it goes. */
function drawSteps(drawing: Drawing, names: readonly string[], deep: number): readonly LeasedCall[] {
  const { chance, mark, leases } = drawing;
  const [one, other, ...rest] = chance.shuffle(names);
  const steps: LeasedCall[] = [];
  if (one !== undefined && chance.happens(0.7)) {
    const plain = { kind: "put", key: one, value: mark } as const;
    steps.push(leases === undefined ? plain : drawLeasedPut(chance, leases, one, mark));
  }
  if (other !== undefined && chance.happens(0.4)) steps.push({ kind: "delete", key: other });
  if (one !== undefined && chance.happens(0.4)) steps.push({ kind: "get", key: one });
  if (chance.happens(0.3)) steps.push({ kind: "range", from: "t/1", to: "t/7", limit: chance.integer(1, 6) });
  const written = steps.flatMap((step) => (step.kind === "put" || step.kind === "delete" ? [step.key] : []));
  if (deep > 1 && rest.length > 0 && chance.happens(0.6)) {
    steps.push({
      kind: "transaction",
      compare: drawComparisons(drawing, written),
      // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
      then: drawSteps(drawing, rest, deep - 1),
      else: drawSteps(drawing, rest, deep - 1),
    });
  }
  return chance.shuffle(steps);
}
