import type { Finding } from "../checkers/facts.ts";
import type { FencedWrite, LockHold, LockPlace, LockRecord } from "./lock-record.ts";

/**
 * What locks with a fair queue and fencing tokens promise. Who is told that it holds has its turn: everybody who came before
 * it, but for as many as there are permits beside its own, has gone, so that two hold at once only where the lease of one is
 * over; and it keeps that until it leaves or its lease is over. What is written under a fence takes effect only while the
 * holder's place is there, and is refused only once that has gone; and so nothing of an older holder takes effect after what a
 * younger one wrote.
 */
export function checkLocks(records: readonly LockRecord[]): Finding[] {
  return records.flatMap((record) => {
    const places = new Map(record.places.map((place) => [nameOf(place), place]));
    return [
      ...record.holds.flatMap((hold) => wrongHold(record, hold, places)),
      ...record.writes.flatMap((write) => wrongWrite(record, write, places)),
      ...wrongOrder(record),
    ];
  });
}

type Places = ReadonlyMap<string, LockPlace>;

function wrongHold({ name, permits, places }: LockRecord, hold: LockHold, byName: Places): Finding[] {
  const { token, answeredAt, releasedAt = Number.POSITIVE_INFINITY } = hold;
  const own = byName.get(nameOf(hold));
  if (own === undefined) return [found("is held by the first", `${name} is held without a place`, hold)];
  if (own.gone?.withLease === false && own.gone.at < releasedAt) {
    const message = `${name}: the place of ${token} had gone by ${own.gone.at}, though its lease lived and its holder had not left`;
    return [found("is kept by who holds", message, hold)];
  }
  const before = places.filter(
    ({ token: earlier, gone }) => earlier < token && (gone === undefined || (gone.from ?? gone.at) > answeredAt),
  );
  const [first] = before;
  if (first === undefined || before.length < permits) return [];
  const message = `${name} is held by ${token} at ${answeredAt}, while ${before.map((place) => place.token).join(" and ")} came before and had not gone`;
  return [found("is held by the first", message, hold)];
}

function wrongWrite({ name }: LockRecord, write: FencedWrite, byName: Places): Finding[] {
  const { token, revision, answeredAt } = write;
  const place = byName.get(nameOf(write));
  if (revision === undefined) {
    if (place === undefined || (place.gone !== undefined && place.gone.at <= answeredAt)) return [];
    return [found("fences nobody who holds", `${name}: a write of ${token} was refused, which had not gone`, write)];
  }
  if (place !== undefined && token < revision && (place.gone === undefined || place.gone.revision > revision))
    return [];
  const when = place?.gone === undefined ? "never was" : `had gone at ${place.gone.revision}`;
  return [found("fences who is late", `${name}: a write of ${token} took effect at ${revision}, which ${when}`, write)];
}

function wrongOrder({ name, permits, writes }: LockRecord): Finding[] {
  if (permits > 1) return [];
  const effective = writes
    .filter(({ revision }) => revision !== undefined)
    .toSorted((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
  const position = effective.findIndex(({ token }, i) => token < (effective[i - 1]?.token ?? 0));
  const [younger, older] = [effective[position - 1], effective[position]];
  if (younger === undefined || older === undefined) return [];
  const message = `${name}: ${older.token} wrote at ${older.revision}, after ${younger.token} had at ${younger.revision}`;
  return [found("fences who is late", message, younger, older)];
}

function nameOf({ key, token }: { readonly key: string; readonly token: number }): string {
  return `${token} ${key}`;
}

function found(promise: string, message: string, ...told: readonly (LockHold | FencedWrite)[]): Finding {
  const operations = told.map(({ client, calledAt, answeredAt, ...call }) => {
    return { client, calledAt, answeredAt, call: { kind: "lock", ...call }, answer: undefined };
  });
  return { promise: `lock: ${promise}`, message, operations };
}
