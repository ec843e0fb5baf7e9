import type { Finding } from "../checkers/facts.ts";
import { agreeOnLease, type StoreEntry } from "../models/store-operation.ts";
import type { StateAnswer, StateCall, StateRead } from "./state-read.ts";
import type { KeyRange, KeyVersion, StoreReplay } from "./store-replay.ts";

const promise = "an answer is the state of one revision";

type PictureCall = Extract<StateCall, { kind: "get" | "range" }>;
type HistoryCall = Extract<StateCall, { kind: "history" }>;
type Entries = Extract<StateAnswer, { kind: "entries" }>;
type Writes = Extract<StateAnswer, { kind: "writes" }>;

/**
 * Each answer shows the whole store as it was at one revision, which is not older than what the read promises: the one that
 * was asked for, or the same for all that is in the answer. What is compacted is refused, and nothing else is; a history
 * leaves out nothing that is not compacted.
 */
export function checkStateReads(replay: StoreReplay, reads: readonly StateRead[]): Finding[] {
  return reads.flatMap((read) => {
    const message = wrongWith(replay, read);
    const { client, calledAt, answeredAt, call, answer } = read;
    return message === undefined
      ? []
      : [{ promise, message, operations: [{ client, calledAt, answeredAt, call, answer }] }];
  });
}

/** What is wrong with an answer; undefined: nothing. */
export function wrongWith(replay: StoreReplay, read: StateRead): string | undefined {
  const { call, answer } = read;
  if (answer.kind === "compacted") return wrongRefusalAsCompacted(read);
  if (answer.kind === "futureRevision") return wrongRefusalAsFuture(read);
  if (call.kind === "compact" || answer.kind === "done") return undefined;
  const revisions = revisionsOf(call, answer, read);
  if (typeof revisions === "string") return revisions;
  if (call.kind !== "history" && answer.kind === "entries") return wrongEntries(replay, call, answer, revisions);
  if (call.kind === "history" && answer.kind === "writes") return wrongWrites(replay, call, answer, revisions, read);
  return `a ${call.kind} was answered with ${answer.kind}`;
}

/** Revisions of the store, both inclusive. */
interface Revisions {
  readonly from: number;
  readonly to: number;
}

/** Those that the answer may be from, or what is wrong with the one that it names. */
function revisionsOf(
  call: PictureCall | HistoryCall,
  answer: Entries | Writes,
  { bounds }: StateRead,
): Revisions | string {
  const { atLeast, atMost, compacted } = bounds;
  const { revision } = answer;
  const { atRevision } = call;
  if (revision !== undefined && revision < atLeast) return `is from revision ${revision}, and ${atLeast} was promised`;
  if (revision !== undefined && revision > atMost) return `is from revision ${revision}, before there was one`;
  if (atRevision === undefined) return { from: revision ?? atLeast, to: revision ?? atMost };
  if (atRevision > (revision ?? atMost)) return `shows revision ${atRevision}, before there was one`;
  if (call.kind !== "history" && atRevision < compacted) return `shows revision ${atRevision}, which is compacted`;
  return { from: atRevision, to: atRevision };
}

function wrongRefusalAsCompacted({ call, bounds }: StateRead): string | undefined {
  const asked = call.kind === "compact" ? call.revision - 1 : (call.atRevision ?? bounds.atLeast);
  return asked < bounds.mayBeCompacted
    ? undefined
    : `refused as compacted, and ${bounds.mayBeCompacted} was the earliest`;
}

function wrongRefusalAsFuture({ call, bounds }: StateRead): string | undefined {
  const { atLeast, known } = bounds;
  const asked = call.kind === "compact" ? call.revision : call.atRevision;
  // A revision that has to be reached first may be what was waited for in vain.
  const isRight = (asked !== undefined && asked > atLeast) || atLeast > known;
  return isRight ? undefined : `refused as a revision of the future, and ${Math.max(atLeast, known)} was known`;
}

/** One revision has to explain all of the entries. */
function wrongEntries(
  replay: StoreReplay,
  call: PictureCall,
  answer: Entries,
  { from, to }: Revisions,
): string | undefined {
  const range = rangeOf(call);
  const newest = answer.entries.reduce((latest, { modRevision }) => Math.max(latest, modRevision), from);
  const found = [newest, ...replay.revisionsIn(range, newest, to)].some((revision) => {
    return revision <= to && isAnswerAt(replay, call, answer, revision);
  });
  if (found) return undefined;
  const what = from === to ? `the state of revision ${from}` : `any state of the revisions ${from} to ${to}`;
  const expected = replay.rangeAt(range, to).slice(0, 20);
  return `is not ${what}; at ${to} there is ${expected.map(describeEntry).join(", ") || "nothing"}`;
}

/** A single key is the range up to the next one that there could be. */
function rangeOf(call: PictureCall): KeyRange {
  return call.kind === "get" ? { from: call.key, to: `${call.key}\0` } : call;
}

function isAnswerAt(replay: StoreReplay, call: PictureCall, { entries, hasMore }: Entries, revision: number): boolean {
  const expected = replay.rangeAt(rangeOf(call), revision);
  const isWhole = entries.length === expected.length;
  if (hasMore ? entries.length > expected.length : !isWhole) return false;
  return entries.every((entry, position) => isSame(entry, expected[position], call.kind === "range" && call.keysOnly));
}

/** The writes from the newest on, with none left out, back to the one that made the key what it is at the earliest. */
function wrongWrites(
  replay: StoreReplay,
  call: HistoryCall,
  answer: Writes,
  { from, to }: Revisions,
  { bounds }: StateRead,
): string | undefined {
  const versions = replay.versionsOf(call.key);
  const { writes, hasMore } = answer;
  const [newest] = writes;
  const upTo = newest === undefined ? from : Math.max(from, newest.revision);
  if (upTo > to) return `shows a write at revision ${upTo}, later than ${to}`;
  // A later write that is missing may not have been there yet: up to `from` everything was.
  const expected = versions.filter(({ revision }) => revision <= upTo).toReversed();
  const wrong = writes.findIndex((write, position) => !isSameWrite(write, expected[position]));
  if (wrong >= 0) return `write ${wrong + 1} is not the one that was made then, ${describeWrite(expected[wrong])}`;
  const left = expected[writes.length];
  const isLeft = left !== undefined && !hasMore && writes.length !== call.limit;
  if (isLeft && (left.revision > bounds.mayBeCompacted || isNeeded(left, versions, bounds.mayBeCompacted))) {
    return `leaves out ${describeWrite(left)}, which is not compacted`;
  }
  const tooMany = writes.filter(({ revision }) => revision <= bounds.compacted).length;
  return tooMany > 1 ? `shows what is compacted, with all before ${bounds.compacted}` : undefined;
}

/** Whether it is what the key was at the earliest revision that can be read. */
function isNeeded(write: KeyVersion, versions: readonly KeyVersion[], earliest: number): boolean {
  return write.entry !== undefined && versions.findLast(({ revision }) => revision <= earliest) === write;
}

function isSameWrite(write: KeyVersion, expected: KeyVersion | undefined): boolean {
  if (write.revision !== expected?.revision) return false;
  if (write.entry === undefined) return expected.entry === undefined;
  return isSame(write.entry, expected.entry, false);
}

function isSame(entry: StoreEntry, expected: StoreEntry | undefined, keysOnly: boolean): boolean {
  return (
    entry.key === expected?.key &&
    entry.value === (keysOnly ? "" : expected.value) &&
    entry.version === expected.version &&
    entry.modRevision === expected.modRevision &&
    entry.createRevision === expected.createRevision &&
    agreeOnLease(entry, expected)
  );
}

function describeEntry({ key, value, version, modRevision, leaseId }: StoreEntry): string {
  const lease = leaseId === undefined ? "" : ` lease ${leaseId}`;
  return `${key}=${value} version ${version} revision ${modRevision}${lease}`;
}

function describeWrite(write: KeyVersion | undefined): string {
  if (write === undefined) return "nothing";
  return write.entry === undefined ? `a deletion at ${write.revision}` : describeEntry(write.entry);
}
