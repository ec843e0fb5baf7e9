import type { Finding } from "../checkers/facts.ts";
import type { LeasePromise, LeaseRecord, LeaseRefusal, LeaseSeen } from "./lease-record.ts";

export interface LeaseClocks {
  /** So much faster than that of the history may a clock of the cluster go: 1 if all keep time. */
  readonly fastestClock?: number;
  /** By so much may times in the history be rounded. */
  readonly roundingMs?: number;
}

/**
 * What leases promise. None ends before its time is over, counted from before the request was sent that made or renewed it
 * last, unless it is revoked; and nobody is told so before. Once it is over it stays so, for everybody: nothing renews it, and
 * no read that asks for the present shows it. No read shows more time than is left.
 */
export function checkLeases(records: readonly LeaseRecord[], clocks: LeaseClocks = {}): Finding[] {
  return records.flatMap((record) => wrongOf(record, clocks));
}

function wrongOf(record: LeaseRecord, { fastestClock = 1, roundingMs = 0.01 }: LeaseClocks): Finding[] {
  const { ended, promises, refusals, seen } = record;
  const until = ({ calledAt, ttlMs }: LeasePromise) => calledAt + ttlMs / fastestClock - roundingMs;
  const last = promises.reduce<LeasePromise | undefined>(
    (latest, each) => (latest === undefined || until(each) > until(latest) ? each : latest),
    undefined,
  );
  if (last !== undefined && ended !== undefined) {
    const { at, how } = ended;
    if (how === "expired" && at < until(last)) {
      return [found(record, "nothing expires early", `expired at ${at}, and ${untilText(last)}`, last)];
    }
    const late = promises.find(({ calledAt }) => calledAt > at);
    if (late !== undefined) {
      return [found(record, "over is over", `was renewed at ${late.calledAt}, and had ${how} at ${at}`, late)];
    }
  }
  for (const refusal of refusals) {
    if (last === undefined || refusal.answeredAt >= until(last)) continue;
    if (ended?.how === "revoked" && (ended.from ?? ended.at) <= refusal.answeredAt) continue;
    const message = `was called over at ${refusal.answeredAt}, and ${untilText(last)}`;
    return [found(record, "nothing expires early", message, last, refusal)];
  }
  for (const each of seen) {
    const wrong = wrongSeen(each, record);
    if (wrong !== undefined) return [found(record, wrong.promise, wrong.message, last, each)];
  }
  return [];
}

function wrongSeen({ leftMs, mostLeftMs, calledAt, answeredAt, isStrong }: LeaseSeen, { ended }: LeaseRecord) {
  if (leftMs === undefined) {
    // What may be from earlier may be from before the grant.
    if (!isStrong || (ended !== undefined && (ended.from ?? ended.at) <= answeredAt)) return undefined;
    return { promise: "over is over", message: `was shown as gone at ${answeredAt}, and had not ended` };
  }
  if (isStrong && ended !== undefined && ended.at < calledAt) {
    return { promise: "over is over", message: `was shown at ${answeredAt}, and had ${ended.how} at ${ended.at}` };
  }
  if (mostLeftMs === undefined || leftMs <= mostLeftMs) return undefined;
  return { promise: "time left never grows", message: `has ${leftMs} ms left at ${answeredAt}, not ${mostLeftMs}` };
}

function untilText({ calledAt, ttlMs, client }: LeasePromise): string {
  return `${client} was promised ${ttlMs} ms from ${calledAt} on`;
}

function found(
  { name }: LeaseRecord,
  promise: string,
  message: string,
  promised: LeasePromise | undefined,
  told?: LeaseRefusal | LeaseSeen,
): Finding {
  const operations = [promised, told].flatMap((each) => {
    if (each === undefined) return [];
    const { client, calledAt, answeredAt, ...answer } = each;
    return [{ client, calledAt, answeredAt, call: { kind: "lease", name }, answer }];
  });
  return { promise: `lease: ${promise}`, message: `lease ${name} ${message}`, operations };
}
