import type { LeasedTransaction } from "../history/models/leased-operation.ts";
import type { StoreCall, StoreComparison, StoreTransaction } from "../history/models/store-operation.ts";
import type { Chance } from "../scheduler/chance.ts";

/** Every transaction writes it, whatever its comparisons come to: what it writes tells which one it was. */
export const markKey = "t/mark";

export const transactionKeys: readonly string[] = ["t/1", "t/2", "t/3", "t/4", "t/5", "t/6"];

/** A transaction on a few keys that only transactions write, which puts `mark` on one of them in any case. */
export function drawTransaction(chance: Chance, mark: string, known: number): StoreTransaction {
  const compare = chance.shuffle(transactionKeys).slice(0, chance.integer(0, 2));
  return {
    kind: "transaction",
    compare: compare.map((key) => drawComparison(chance, key, known)),
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the model's.
    then: drawSteps(chance, mark),
    else: drawSteps(chance, mark),
  };
}

/** What it puts as its mark, whichever way it goes. */
export function markOf({ then, else: otherwise }: LeasedTransaction): string | undefined {
  const mark = [...then, ...otherwise].find((step) => step.kind === "put" && step.key === markKey);
  return mark?.kind === "put" ? mark.value : undefined;
}

export function drawComparison(chance: Chance, key: string, known: number): StoreComparison {
  const is = chance.pick(["=", "!=", "<", ">"] as const) ?? "=";
  const target = chance.pick(["version", "createRevision", "modRevision"] as const) ?? "version";
  const near = target === "version" ? chance.integer(0, 3) : Math.max(0, known - chance.integer(0, 20));
  return { key, target, is, to: chance.happens(0.3) ? 0 : near };
}

/** No key is written twice, and none that is deleted with a range besides. */
function drawSteps(chance: Chance, mark: string): readonly StoreCall[] {
  const [one, other, ...rest] = chance.shuffle(transactionKeys);
  const steps: StoreCall[] = [{ kind: "put", key: markKey, value: mark }];
  if (chance.happens(0.15)) steps.push({ kind: "delete", key: "t/2", to: "t/5" });
  else {
    if (one !== undefined && chance.happens(0.7)) steps.push({ kind: "put", key: one, value: mark });
    if (other !== undefined && chance.happens(0.4)) steps.push({ kind: "put", key: other, value: mark });
    if (rest[0] !== undefined && chance.happens(0.3)) steps.push({ kind: "delete", key: rest[0] });
  }
  if (one !== undefined && chance.happens(0.4)) steps.push({ kind: "get", key: one });
  if (chance.happens(0.3)) steps.push({ kind: "range", from: "t/1", to: "t/7", limit: chance.integer(1, 6) });
  return chance.shuffle(steps);
}
